"""Our four packages have plain names: before a start we see that they are really ours."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import Distribution, distributions
from pathlib import Path

from bot.commands.refusal import RefusedError

PACKAGES = ("bot", "flows", "messages", "storage")
DISTRIBUTION = "online-statt-hotline"


def refuse_strangers() -> None:
    """Raise RefusedError if one of our names is also another distribution's, or lies elsewhere.

    pip silently overwrites a package of the same name, and `python -m` looks into the current
    folder first.
    """
    for fault in (*shared(owners(distributions())), *scattered(map(_found, PACKAGES))):
        raise RefusedError(fault)


def owners(installed: Iterable[Distribution]) -> Mapping[str, Sequence[str]]:
    """Name the distributions that brought each of our packages.

    `importlib.metadata.packages_distributions` says it of every package there is, and takes a
    tenth of our start for that.
    """
    found: dict[str, list[str]] = {name: [] for name in PACKAGES}
    for one in installed:
        files = f"\n{one.read_text('RECORD') or ''}\n{one.read_text('top_level.txt') or ''}\n"
        for name in PACKAGES:
            if any(f"\n{name}{end}" in files for end in ("/", ".py,", "\n")):
                found[name].append(one.name)
    return found


def shared(owners: Mapping[str, Sequence[str]]) -> Iterable[str]:
    """Tell which of our names another distribution has installed as well."""
    for name in PACKAGES:
        for other in owners.get(name, ()):
            if other != DISTRIBUTION:
                yield (
                    f"the package {name} also belongs to {other}; "
                    f"install {DISTRIBUTION} into an environment of its own"
                )


def scattered(folders: Iterable[Path | None]) -> Iterable[str]:
    """Tell which of our packages do not lie beside this one."""
    home = Path(__file__).parents[2]
    for name, folder in zip(PACKAGES, folders, strict=True):
        if folder != home / name:
            yield f"the package {name} is not ours: it lies in {folder}; start from another folder"


def _found(name: str) -> Path | None:
    spec: ModuleSpec | None = PathFinder.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None
