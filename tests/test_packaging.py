"""What is installed is whole, ours alone and pinned."""

import ast
import re
import sys
from contextlib import chdir
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.build import build_wheel
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
OURS = "online-statt-hotline"
PACKAGES = ("bot", "flows", "messages", "storage")
CALCULATING = {"holidays", "dateutil"}  # the foreign packages that the core may use

PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.]+)( ; [^\\/:]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    with chdir(ROOT):
        name = build_wheel(str(folder))
    with ZipFile(folder / name) as archive:
        return set(archive.namelist())


def pins(lock: str) -> set[tuple[str, str]]:
    lines = (ROOT / "requirements" / f"{lock}.lock").read_text().splitlines()
    return {(pin["name"], pin["version"]) for pin in map(PIN.fullmatch, lines) if pin}


def wishes(source: str) -> list[Requirement]:
    lines = (ROOT / "requirements" / f"{source}.in").read_text().splitlines()
    stripped = (line.partition("#")[0].strip() for line in lines)
    return [Requirement(line) for line in stripped if line and not line.startswith("-")]


def test_the_wheel_holds_every_file_of_the_four_packages(wheel: set[str]) -> None:
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*.*"))
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in files
        if path.is_file() and path.parent.name != "__pycache__"
    }

    assert expected <= wheel


def test_the_wheel_holds_nothing_else(wheel: set[str]) -> None:
    folders = {name.partition("/")[0] for name in wheel}

    assert folders == {*PACKAGES, "online_statt_hotline-0.1.0.dist-info"}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_brings_a_package_of_our_names(package: str) -> None:
    owners = packages_distributions().get(package, [OURS])  # an editable install names none

    assert set(owners) == {OURS}


@pytest.mark.parametrize("lock", ["run", "test"])
def test_a_lock_holds_pins_and_hashes_and_names_no_place(lock: str) -> None:
    lines = (ROOT / "requirements" / f"{lock}.lock").read_text().splitlines()

    strange = [line for line in lines if not PIN.fullmatch(line) and not HASH.fullmatch(line)]

    assert strange == []


def test_who_may_test_can_run() -> None:
    assert pins("run") <= pins("test")


@pytest.mark.parametrize("lock", ["run", "test"])
def test_a_lock_keeps_up_with_what_is_asked_for(lock: str) -> None:
    locked = pins(lock)

    unmet = [
        str(wish)
        for wish in wishes(lock)
        if not any(
            name == canonicalize_name(wish.name) and wish.specifier.contains(version)
            for name, version in locked
        )
    ]

    assert unmet == []


def test_the_core_uses_nothing_foreign_but_what_only_calculates() -> None:
    """Import-linter can forbid by name only; this holds for whatever comes."""
    foreign = {
        f"{path.name} imports {name}"
        for path in (ROOT / "flows").rglob("*.py")
        for name in imported_by(path)
        if name not in sys.stdlib_module_names | CALCULATING | {"flows"}
    }

    assert foreign == set()


def imported_by(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}
