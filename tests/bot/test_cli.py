"""The command line: what it prints, how it exits, and that one line says what failed."""

import json
import resource
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.metadata import distributions
from pathlib import Path

import msgspec
import pytest

from bot.cli import main
from bot.commands.belonging import PACKAGES, owners, scattered, shared
from bot.commands.house import Doors
from bot.keys import Keys
from bot.settings import Settings
from bot.terms import Terms
from flows.credit import CreditState, credit_id
from flows.customer import Address, Contact, Customer
from flows.events import HotlineCalled, Invited, VideoWatched
from flows.journey import Journey
from storage.changes import SetWake
from storage.errors import NewerDatabaseError, StorageError
from storage.memory import CreditRow, Memory
from storage.reading import Dossier, JournalRow
from tests.cast import ALICE, BABAK, BABAKS_TELEGRAM, CAROL, NOON, TERMS, after, invited, on_streak

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "examples" / "customers.csv"
HEAVY = {"pydantic", "structlog", "holidays", "phonenumbers", "starlette", "telegram", "twilio"}
INVITED = msgspec.json.encode(Invited(at=NOON)).decode()
WATCHED = msgspec.json.encode(VideoWatched(at=NOON, share=1)).decode()
CREDIT = credit_id(TERMS.name, ALICE.number, "video")


def dossier(customer: Customer, journey: Journey | None) -> Dossier:
    """Alice's dossier: a credit that is booked, a month to come, and how that came about."""
    video = CreditRow(
        CREDIT, customer.number, "video", 1, 600, CreditState.CONFIRMED, NOON, NOON, "tmf-7"
    )
    journal = (
        JournalRow(1, NOON, NOON, "Invited", INVITED, "manager", "Say Invitation", b""),
        JournalRow(2, NOON, NOON, "VideoWatched", WATCHED, "event:7[x]", "Credit video", b""),
    )
    return Dossier(
        memory=Memory(customer=customer, journey=journey, credits=(video,) if journey else ()),
        journal=journal if journey else (),
        messages=(),
        requests=(),
        wakes=(
            SetWake(customer.number, "hotline", "settle", NOON + timedelta(days=300)),
            SetWake(customer.number, "calendar", "month", NOON + timedelta(days=31)),
        ),
        ledger=(),
    )


@dataclass
class House:
    """A house that keeps dossiers, and imports by writing the number down."""

    dossiers: dict[str, Dossier] = field(default_factory=dict)
    fault: Exception | None = None
    terms: Terms = field(default_factory=lambda: Terms(TERMS, {}))
    keys: Keys = field(default_factory=lambda: Keys(b"key", fresh=lambda: ""))
    clock: Callable[[], datetime] = lambda: NOON
    segments_per_s: float | None = None

    @property
    def store(self) -> "House":
        return self

    @property
    def turns(self) -> "House":
        return self

    @property
    def estimate(self) -> "House":
        return self

    async def customer_at(self, address: Address) -> str | None:
        for found in self.dossiers.values():
            if found.memory.customer and found.memory.customer.contact(address):
                return found.memory.customer.number
        return None

    async def dossier(self, customer: str) -> Dossier | None:
        return self.dossiers.get(customer)

    async def get(self, name: str) -> str | None:
        return None

    @property
    def broadcasts(self) -> "House":
        return self

    async def last_waiting(self, lines: tuple[str, ...]) -> datetime | None:
        return None

    async def would_invite(self, customer: Customer, *, is_held_out: bool) -> str:
        if customer.number in self.dossiers:
            return "duplicate"
        if is_held_out:
            return "held_out"
        return "invited" if customer.basis else "not_invited"

    async def invite(
        self, customer: Customer, *, is_held_out: bool, at: datetime | None = None
    ) -> str:
        answer = await self.would_invite(customer, is_held_out=is_held_out)
        self.dossiers.setdefault(customer.number, dossier(customer, None))
        return answer

    def segments(self, customer: Customer) -> int:
        return 2 if customer.language == "de" else 1

    @asynccontextmanager
    async def opened(self, settings: Settings) -> AsyncIterator["House"]:
        assert settings.is_sandbox
        if self.fault:
            raise self.fault
        yield self

    @property
    def doors(self) -> Doors:
        async def serve(settings: Settings, role: str) -> None:
            assert settings.is_sandbox
            self.dossiers[role] = dossier(CAROL, None)

        return Doors(self.opened, serve)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    telegram = replace(ALICE, contacts=(*ALICE.contacts, Contact(BABAKS_TELEGRAM)))
    return House({ALICE.number: dossier(telegram, on_streak())})


def run(house: House, *arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments, house.doors)
    assert isinstance(left.value.code, int)
    return left.value.code


def csv(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(("customer,phone,email,language,basis", *lines)))
    return str(path)


# --- invite -----------------------------------------------------------------------------------


def test_invite_reports_every_row_as_json(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = csv(
        tmp_path,
        "100002,0171 3920012,,de,consent",
        "100003,01713920013,,de,",
        "100001,01713920011,,en,consent",
        "100004,12,,de,consent",
        "100002,01713920019,,de,consent",
    )

    code = run(house, "invite", path, "--json")

    output = capsys.readouterr()
    assert (code, output.err) == (0, "")
    assert json.loads(output.out) == {
        "rows": 5,
        "accepted": 2,
        "duplicate": 2,
        "invited": 1,
        "not_invited": 1,
        "held_out": 0,
        "rejected": [{"line": 5, "reason": "phone: is no phone number"}],
        "repeated": [{"line": 6, "reason": "customer 100002 stands in line 2 already"}],
        "segments": 2,
        "cost_cents": 15,
        "first_at": "2026-12-01T11:00:00+00:00",
        "done_at": "2026-12-01T11:00:00+00:00",
    }


def test_invite_shows_a_table_with_line_and_reason(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = csv(tmp_path, "7,12,,de,consent", *(f"{n},,,de,consent" for n in range(30)))

    assert run(house, "invite", path) == 0

    out = capsys.readouterr().out
    assert "31 rows" in out
    assert "phone: is no phone number" in out
    assert "and 11 more; --json lists them all" in out


def test_a_dry_run_changes_nothing(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    before = dict(house.dossiers)

    assert run(house, "invite", str(SAMPLES), "--dry-run", "--holdout", "50") == 0

    assert house.dossiers == before
    assert "nothing was changed" in capsys.readouterr().out


def test_the_samples_are_invited(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.dossiers.clear()

    assert run(house, "invite", str(SAMPLES), "--json") == 0

    report = json.loads(capsys.readouterr().out)
    assert (report["accepted"], report["invited"], report["not_invited"]) == (36, 34, 2)
    assert len(house.dossiers) == 36


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "No such file"), (b"a,b\n", "line 1 lacks customer"), (b"", "is empty")],
    ids=["gone", "headless", "empty"],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(
    content: bytes | None,
    expected: str,
    house: House,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if content is not None:
        (tmp_path / "bad.csv").write_bytes(content)

    assert run(house, "invite", "bad.csv") == 1

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"statthotline: bad.csv: {expected}")
    assert output.err.count("\n") == 1


# --- customer ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["100001", "+491713920011", "0171 3920011", "0049171/39200-11", "telegram:700002"],
)
def test_a_customer_is_found_by_any_address(
    address: str, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(house, "customer", address, "--json") == 0

    assert json.loads(capsys.readouterr().out)["customer"] == "100001"


def test_a_customer_is_shown_as_json(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(house, "customer", "100001", "--json", "--why") == 0

    shown = json.loads(capsys.readouterr().out)
    consent = shown.pop("consent")
    assert (consent["at"], consent["version"]) == ("2026-12-01T11:00:00+00:00", "1")
    assert consent["text_hash"] == "hash"
    assert consent["message_id"].startswith("SM-")
    assert shown == {
        "customer": "100001",
        "addresses": ["tel:+491713920011", "telegram:700002"],
        "language": "en",
        "state": "streak",
        "step": "streak",
        "flags": [],
        "credits": [
            {
                "id": str(CREDIT),
                "step": "video",
                "cycle": 1,
                "megabytes": 600,
                "state": "confirmed",
                "provider_id": "tmf-7",
                "earned_at": "2026-12-01T11:00:00+00:00",
            }
        ],
        "streak": {
            "start": "2026-12-01T11:00:00+00:00",
            "end": "2027-09-01T10:00:00+00:00",
            "months": 0,
        },
        "next": {"what": "month", "at": "2027-01-01T11:00:00+00:00"},
        "why": [
            {
                "at": "2026-12-01T11:00:00+00:00",
                "event": "Invited",
                "id": "1",
                "effect": "Say Invitation",
                "source": "manager",
            },
            {
                "at": "2026-12-01T11:00:00+00:00",
                "event": "VideoWatched",
                "id": "2",
                "effect": "Credit video",
                "source": "event:7[x]",
            },
        ],
    }


def test_a_customer_is_shown_to_people(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(house, "customer", "100001", "--why") == 0

    out = capsys.readouterr().out
    for fact in ("Customer 100001", "+491713920011", "month 0 of 9", "confirmed"):
        assert fact in out
    for fact in ("that is the step", "video watched: 1.0", "earned: video", "told: invitation"):
        assert fact in out
    assert "event:7[x]" in out
    assert "Tue 01.12.2026 12:00" in out


def test_without_a_journey_there_is_nothing_to_tell(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.dossiers["100002"] = replace(dossier(replace(BABAK, basis=None), None), wakes=())

    assert run(house, "customer", "100002", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["state"], shown["consent"], shown["streak"], shown["next"]) == (None,) * 4

    assert run(house, "customer", "100002") == 0
    assert "imported, not invited" in capsys.readouterr().out


def test_flags_stand_beside_the_state(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    contact = replace(CAROL.contacts[0], opted_out_at=NOON, blocked_at=NOON)
    carol = replace(CAROL, contacts=(contact,))
    house.dossiers["100003"] = dossier(carol, replace(invited(), is_accessible=True))

    run(house, "customer", "100003", "--json")

    shown = json.loads(capsys.readouterr().out)
    assert (shown["state"], shown["flags"]) == ("invited", ["opted_out", "blocked", "accessible"])


def test_a_call_moves_the_streak_that_is_shown(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    at = NOON + timedelta(days=10)
    call = HotlineCalled(at=at, call_id="c", duration_s=60, reason="bill")
    house.dossiers["100001"] = dossier(ALICE, after(on_streak(), call))

    run(house, "customer", "100001", "--json")

    assert json.loads(capsys.readouterr().out)["streak"]["start"] == at.isoformat()


@pytest.mark.parametrize("address", ["0171 3920099", "nobody@mail.example", "telegram:1", "4711"])
def test_who_is_unknown_is_named_as_typed(
    address: str, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(house, "customer", address) == 1

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"statthotline: {address}: ")
    assert output.err.count("\n") == 1


# --- serve, migrate, and what fails -------------------------------------------------------------


@pytest.mark.parametrize("role", ["all", "web", "worker"])
def test_serve_plays_the_part_it_is_given(role: str, house: House) -> None:
    assert run(house, "serve", "--role", role) == 0

    assert role in house.dossiers


def test_serve_plays_all_parts_by_default(house: House) -> None:
    assert run(house, "serve") == 0

    assert "all" in house.dossiers


def test_migrate_makes_the_database_and_may_be_repeated(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(house, "migrate") == 0
    assert run(house, "migrate") == 0

    assert (tmp_path / "data" / "bot.db").exists()
    assert capsys.readouterr().out == "data/bot.db is at this version.\n" * 2


def test_a_database_of_a_later_version_is_refused_in_one_line(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(house, "migrate")
    with closing(sqlite3.connect(tmp_path / "data" / "bot.db")) as db, db:
        db.execute("insert into versions (number, name) values (999, 'later')")

    assert run(house, "migrate") == 1

    assert "version 999" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--role", "cook"),
        ("invite",),
        ("invite", "x.csv", "--holdout", "100"),
        ("docter",),
        ("customer", "100001", "--jso"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...], house: House) -> None:
    assert run(house, *arguments) == 2


def test_a_wrong_setting_stops_every_command_in_one_line(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "many")

    assert run(house, "serve") == 1

    assert capsys.readouterr().err.startswith("statthotline: PORT: must be")


@pytest.mark.parametrize("fault", [StorageError("disk\nfull"), NewerDatabaseError("too new")])
def test_a_database_that_cannot_be_used_is_told_in_one_line(
    fault: Exception, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.fault = fault

    assert run(house, "customer", "100001") == 1

    error = capsys.readouterr().err
    assert error == f"statthotline: {' '.join(str(fault).split())}\n"


def test_a_fault_of_our_own_keeps_its_trace(house: House) -> None:
    house.fault = ZeroDivisionError("ours")

    with pytest.raises(ZeroDivisionError):
        main(("customer", "100001"), house.doors)


# --- help, and whose packages these are -----------------------------------------------------------


@pytest.mark.parametrize("command", ["serve", "migrate", "invite", "customer"])
def test_every_command_has_help_with_an_example(
    command: str, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(house, command, "--help") == 0

    assert f"Example: statthotline {command}" in capsys.readouterr().out


def test_help_answers_at_once() -> None:
    """Help imports nothing that only a running bot needs: less than 0.3 s of CPU."""
    code = "import atexit, sys; atexit.register(lambda: print(*sys.modules)); import bot.__main__"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)

    told = subprocess.run(  # noqa: S603 - our own code, by our own Python
        [sys.executable, "-c", code, "--help"], cwd=ROOT, capture_output=True, check=True, text=True
    )

    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "customer" in told.stdout
    assert not HEAVY & set(told.stdout.split())
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3


def test_a_name_that_another_distribution_also_has_is_refused() -> None:
    owners: dict[str, list[str]] = {
        "messages": ["online-statt-hotline", "mailkit"],
        "rich": ["rich"],
    }

    assert [*shared(owners)] == [
        "the package messages also belongs to mailkit; "
        "install online-statt-hotline into an environment of its own"
    ]
    assert not [*shared({name: ["online-statt-hotline"] for name in PACKAGES})]


@pytest.mark.parametrize("brought", ["bot/__init__.py,sha256=x,1", "bot.py,,", "bot/data.csv,,"])
def test_whoever_brought_a_package_is_found(brought: str, tmp_path: Path) -> None:
    for name, files in {
        "robots": f"a/bot/b.py,,\nrobots/x.py,,\n{brought}\n",
        "else": "botany/x,,",
    }.items():
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "RECORD").write_text(files)

    found = owners(distributions(path=[str(tmp_path)]))

    assert found == {"bot": ["robots"], "flows": [], "messages": [], "storage": []}


def test_a_package_that_lies_elsewhere_is_refused() -> None:
    ours = [ROOT / name for name in PACKAGES]

    assert not [*scattered(ours)]
    assert [*scattered([*ours[:3], Path("/elsewhere/storage")])] == [
        "the package storage is not ours: it lies in /elsewhere/storage; start from another folder"
    ]


def test_beside_another_package_of_our_name_nothing_starts(tmp_path: Path) -> None:
    (tmp_path / "messages").mkdir()
    (tmp_path / "messages" / "__init__.py").touch()
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; import bot.__main__"

    told = subprocess.run(  # noqa: S603 - our own code, by our own Python
        [sys.executable, "-P", "-c", code, "migrate"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
    )

    assert told.returncode == 1
    assert told.stderr.startswith("statthotline: the package messages is not ours: it lies in ")
    assert told.stderr.count("\n") == 1
