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
from flows.events import PortalUsed
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


async def test_what_was_written_is_unbroken(house: ProgrammeHouse) -> None:
    told: list[tuple[int, int]] = []

    found = await verify(house.store, lambda done, of: told.append((done, of)))

    rows = sum([len((await house.dossier(who)).journal) for who in (ALICE, BABAK)])
    assert found == Verified(rows + 2)
    assert told == [(1, 2), (2, 2)]


async def test_an_event_in_another_zone_breaks_nothing(house: ProgrammeHouse) -> None:
    there = timezone(timedelta(hours=5, minutes=30))

    await house.report(PortalUsed(at=NOON.astimezone(there)))

    assert (await verify(house.store)).ok


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

            found = await verify(house.store)

            assert not found.ok, (column, row, new)
            if column not in ("n", "customer"):
                place = f"customer {row[0]}, row {row[1]}" if table == "journal" else None
                assert found.first_bad == (place or f"managers, row {row[0]}")
            back = dict(zip(key.split(", "), row, strict=False))
            moved = {**back, column: new} if column in back else back
            db.execute(f"update {table} set {column} = ? where {where}", (row[-1], *moved.values()))
    assert (await verify(house.store)).ok


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

    assert (await verify(house.store)).first_bad == first_bad
