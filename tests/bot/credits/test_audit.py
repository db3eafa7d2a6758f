"""A chain holds as it was written, and breaks at whatever byte or row is changed."""
# ruff: noqa: S608 - the names are our own

import random
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from bot.credits.audit import Verified, verify
from bot.credits.decisions import By
from bot.credits.sealing import EVERY, ActsSealer, seal_acts
from flows.events import PortalUsed
from storage.changes import Audit, Decision
from storage.memory import Key
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import ALICE, BABAK, NOON
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

FLIPS = 60
JOURNAL = ("n", "at", "known_at", "kind", "body", "source", "effects", "hash", "customer")
AUDIT = ("n", "at", "actor", "act", "about", "hash")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ProgrammeHouse]:
    async with programme_house(tmp_path) as house:
        for customer in (ALICE, BABAK):
            await house.join(customer)
            await house.do_steps(customer)
        for step in ("first", "second"):
            by = By("9001 by root", f"{step} reason")
            await house.decisions.accessible((ALICE if step == "first" else BABAK).number, by)
        yield house


@contextmanager
def behind(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Write behind the keeper's back."""
    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as db:
        for name in ("journal_is_never_rewritten", "audit_stays", "audit_remains"):
            db.execute(f"drop trigger if exists {name}")
        yield db


async def act(house: ProgrammeHouse) -> None:
    """Let somebody do one thing more."""
    audit = Audit(house.clock(), "9001 by root", "reconcile", "3 matched")
    await house.store.turn(Key(), lambda _: Decision(None, (audit,)))


async def test_what_was_written_is_unbroken(house: ProgrammeHouse) -> None:
    told: list[tuple[int, int]] = []

    found = await verify(house.store, house.house.keys, lambda done, of: told.append((done, of)))

    rows = sum([len((await house.dossier(who)).journal) for who in (ALICE, BABAK)])
    assert found == Verified(rows + 2)
    assert told == [(1, 2), (2, 2)]


async def test_an_event_in_another_zone_breaks_nothing(house: ProgrammeHouse) -> None:
    there = timezone(timedelta(hours=5, minutes=30))

    await house.report(PortalUsed(at=NOON.astimezone(there)))

    assert (await verify(house.store, house.house.keys)).ok


def flipped(value: object, chance: random.Random) -> object:
    """Change one bit of a value that SQLite keeps, in its own type."""
    if isinstance(value, int):
        return value ^ (1 << chance.randrange(20))
    if isinstance(value, bytes):
        place = chance.randrange(len(value))
        return (
            value[:place] + bytes([value[place] ^ (1 << chance.randrange(8))]) + value[place + 1 :]
        )
    assert isinstance(value, str)
    if not value:
        return "x"
    place = chance.randrange(len(value))
    return value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]


@pytest.mark.parametrize(("table", "columns"), [("journal", JOURNAL), ("audit", AUDIT)])
async def test_a_flipped_byte_is_found_where_it_is(
    table: str, columns: tuple[str, ...], house: ProgrammeHouse, tmp_path: Path
) -> None:
    chance = random.Random(table)  # noqa: S311  a die that can be thrown again
    key = "customer, n" if table == "journal" else "n"
    with behind(tmp_path) as db:
        for column in (*columns, *chance.choices(columns, k=FLIPS * SOAK // 4)):
            row = chance.choice(db.execute(f"select {key}, {column} from {table}").fetchall())
            where = " and ".join(f"{name} = ?" for name in key.split(", "))
            new = flipped(row[-1], chance)
            try:
                db.execute(f"update {table} set {column} = ? where {where}", (new, *row[:-1]))
            except sqlite3.IntegrityError:
                continue  # the place is taken: this flip cannot be

            found = await verify(house.store, house.house.keys)

            assert not found.ok, (column, row, new)
            if column not in ("n", "customer"):
                place = f"customer {row[0]}, row {row[1]}" if table == "journal" else None
                assert found.first_bad == (place or f"managers, row {row[0]}")
            back = dict(zip(key.split(", "), row, strict=False))
            moved = {**back, column: new} if column in back else back
            db.execute(f"update {table} set {column} = ? where {where}", (row[-1], *moved.values()))
    assert (await verify(house.store, house.house.keys)).ok


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("delete from journal where customer = '100002' and n = 2", "customer 100002, row 3"),
        ("delete from journal where customer = '100001' and n = 1", "customer 100001, row 2"),
        ("delete from audit where n = 1", "managers, row 2"),
    ],
)
async def test_a_row_that_was_taken_out_is_missed(
    statement: str, first_bad: str, house: ProgrammeHouse, tmp_path: Path
) -> None:
    with behind(tmp_path) as db:
        db.execute(statement)

    assert (await verify(house.store, house.house.keys)).first_bad == first_bad


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        (
            "delete from journal where customer = '100002' and n > 3",
            "customer 100002, rows after 3 are missing",
        ),
        (
            "delete from journal where customer = '100001'",
            "customer 100001, rows after 0 are missing",
        ),
        (
            "update journeys set seal = null where customer = '100001'",
            "customer 100001, rows after 8 are missing",
        ),
        ("delete from audit where n = 2", "managers, rows after 1 are missing"),
        ("delete from audit", "managers, rows after 0 are missing"),
        (
            "update kept set value = '0 ' where name = 'acts.end'",
            "managers, the seal of the end is missing or not by our key",
        ),
    ],
)
async def test_rows_that_were_cut_off_the_end_are_missed(
    statement: str, first_bad: str, house: ProgrammeHouse, tmp_path: Path
) -> None:
    await seal_acts(house.store, house.house.keys)
    with behind(tmp_path) as db:
        assert db.execute(statement).rowcount

    assert (await verify(house.store, house.house.keys)).first_bad == first_bad


async def test_what_was_cut_off_stays_missed_when_the_chain_goes_on(
    house: ProgrammeHouse, tmp_path: Path
) -> None:
    keys = house.house.keys
    await seal_acts(house.store, keys)
    with behind(tmp_path) as db:
        db.execute("delete from audit where n = 2")
        db.execute("delete from journal where customer = '100002' and n > 5")

    await house.say("STATUS", BABAK)
    await act(house)

    assert not await seal_acts(house.store, keys)
    first_bad = (await verify(house.store, keys)).first_bad
    assert first_bad == "customer 100002, rows after 6 are missing"
    with behind(tmp_path) as db:
        db.execute("update journeys set seal = ? where customer = '100002'", (b"forged",))
    assert not (await verify(house.store, keys)).ok


async def test_an_act_that_is_not_sealed_yet_is_no_fault(house: ProgrammeHouse) -> None:
    keys = house.house.keys
    await seal_acts(house.store, keys)

    await act(house)

    assert (await verify(house.store, keys)).ok
    assert await seal_acts(house.store, keys)
    assert (await verify(house.store, keys)).ok


async def test_a_cut_raises_one_alarm(
    house: ProgrammeHouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sealer = ActsSealer(house.store, house.house.keys, house.clock)
    assert await sealer.tick() == house.clock() + EVERY
    with behind(tmp_path) as db:
        db.execute("delete from audit where n = 2")

    await sealer.tick()
    await sealer.tick()

    assert capsys.readouterr().out.count("managers_chain_cut_off") == 1
