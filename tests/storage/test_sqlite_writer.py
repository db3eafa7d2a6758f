"""The writer: many turns, one commit; each for itself, and nobody is answered before it holds."""

import asyncio
import inspect
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import aiosqlite
import pytest

from flows.events import Feed
from storage.changes import Decision, Remember, SetWatermark
from storage.errors import OverloadedError, StorageError
from storage.memory import InboxKey, Key, Memory
from storage.sqlite.connecting import BUSY_TIMEOUT_S
from storage.sqlite.store import SqliteStore
from storage.sqlite.writer import SLICE
from tests.cast import NOON
from tests.storage.keepers import change, recall

pytestmark = pytest.mark.anyio

MANY = 20
SHORT = Key(customer="nobody we know")  # such a turn is done in the loop's thread
LONG = Key()  # about nobody in particular: in that of the connection
BOTH = pytest.mark.parametrize("key", [SHORT, LONG], ids=["short", "long"])


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "bot.db")
    yield opened
    await opened.close()


def trap(folder: Path, sql: str) -> None:
    """Change the schema behind the store's back."""
    db = sqlite3.connect(folder / "bot.db")
    db.executescript(sql)
    db.close()


def remembered(folder: Path) -> list[str]:
    """List what has been committed, seen from another connection."""
    db = sqlite3.connect(folder / "bot.db")
    rows = db.execute("select id from inbox order by id").fetchall()
    db.close()
    return [row[0] for row in rows]


def remember(name: str) -> Remember:
    return Remember(InboxKey("sms", name), b"", "", NOON)


def turn(store: SqliteStore, *names: str, key: Key = SHORT) -> Awaitable[str]:
    return store.turn(key, lambda _: Decision(names[0], tuple(map(remember, names))))


async def together(*turns: Awaitable[str]) -> list[str | BaseException]:
    """Start turns in the same moment, so that they share a transaction."""
    return await asyncio.gather(*turns, return_exceptions=True)


async def under_way(store: SqliteStore) -> None:
    """Wait until some of a group is done."""
    while not store._hop.at_hand.in_transaction:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)


async def works(store: SqliteStore, folder: Path) -> bool:
    """Tell whether the writer goes on."""
    await turn(store, "after")
    return remembered(folder)[0] == "after"


@BOTH
async def test_turns_that_come_together_share_a_commit(store: SqliteStore, key: Key) -> None:
    commits: list[str] = []
    await store._hop.run(lambda db: db.set_trace_callback(commits.append))

    answers = await together(*(turn(store, f"m{n}", key=key) for n in range(300)))
    await store._hop.run(lambda db: db.set_trace_callback(None))

    assert answers == [f"m{n}" for n in range(300)]
    assert commits.count("COMMIT") == 2


@BOTH
async def test_who_goes_on_when_answered_shares_a_commit_with_who_waits(
    store: SqliteStore, key: Key
) -> None:
    """Two who write again and again shall not take turns for ever, each with a commit alone."""
    commits: list[str] = []
    await store._hop.run(lambda db: db.set_trace_callback(commits.append))

    async def go_on(name: str) -> None:
        for n in range(MANY):
            await turn(store, f"{name}{n}", key=key)

    one = asyncio.create_task(go_on("one"))
    for _ in range(3):  # until the writer has begun with the first of them
        await asyncio.sleep(0)
    await asyncio.gather(one, go_on("other"))
    await store._hop.run(lambda db: db.set_trace_callback(None))

    assert commits.count("COMMIT") <= MANY + 2


@BOTH
async def test_a_turn_that_fails_half_way_leaves_its_neighbours_alone(
    store: SqliteStore, tmp_path: Path, key: Key
) -> None:
    before, bad, after = await together(
        turn(store, "a", key=key), turn(store, "b", "b", key=key), turn(store, "c", key=key)
    )

    assert (before, after) == ("a", "c")
    assert isinstance(bad, StorageError)
    assert remembered(tmp_path) == ["a", "c"]


@BOTH
async def test_a_decision_that_fails_costs_its_neighbours_nothing(
    store: SqliteStore, tmp_path: Path, key: Key
) -> None:
    asked: list[str] = []

    def decide(_: Memory) -> Decision[str]:
        asked.append("neighbour")
        return Decision("fine", (remember("a"),))

    def fail(_: Memory) -> Decision[str]:
        raise LookupError("nothing was written yet")

    answers = await together(store.turn(key, decide), store.turn(key, fail))

    assert answers[0] == "fine"
    assert isinstance(answers[1], LookupError)
    assert (asked, remembered(tmp_path)) == (["neighbour"], ["a"])


@BOTH
async def test_a_commit_that_is_refused_fails_everybody(
    store: SqliteStore, tmp_path: Path, key: Key
) -> None:
    trap(
        tmp_path,
        """
        create table trap (n references customers (number) deferrable initially deferred);
        create trigger spring after insert on inbox when new.id = 'bad'
        begin insert into trap values ('nobody'); end;
        """,
    )

    answers = await together(
        turn(store, "a", key=key), turn(store, "bad", key=key), turn(store, "c", key=key)
    )

    assert [type(answer) for answer in answers] == [StorageError] * 3
    assert len({id(answer) for answer in answers}) == 3
    assert remembered(tmp_path) == []
    assert await works(store, tmp_path)


@BOTH
async def test_a_transaction_that_ends_inside_a_turn_fails_everybody(
    store: SqliteStore, tmp_path: Path, key: Key
) -> None:
    trap(
        tmp_path,
        """
        create trigger spring after insert on inbox when new.id = 'bad'
        begin select raise(rollback, 'the disk is full'); end;
        """,
    )

    answers = await together(
        turn(store, "a", key=key), turn(store, "bad", key=key), turn(store, "c", key=key)
    )

    assert [type(answer) for answer in answers] == [StorageError] * 3
    assert "the disk is full" in str(answers[0])
    assert remembered(tmp_path) == []
    assert await works(store, tmp_path)


@BOTH
async def test_a_turn_whose_waiter_left_in_time_is_not_done(
    store: SqliteStore, tmp_path: Path, key: Key
) -> None:
    leaving = asyncio.ensure_future(turn(store, "left", key=key))
    staying = asyncio.ensure_future(turn(store, "stayed", key=key))
    await asyncio.sleep(0)
    leaving.cancel()

    assert await staying == "stayed"
    assert remembered(tmp_path) == ["stayed"]


@BOTH
async def test_a_turn_that_has_started_is_done_though_nobody_waits(
    store: SqliteStore, tmp_path: Path, key: Key
) -> None:
    loop, has_started = asyncio.get_running_loop(), asyncio.Event()

    def decide(_: Memory) -> Decision[str]:
        loop.call_soon_threadsafe(has_started.set)
        return Decision("done", (remember("started"),))

    leaving = asyncio.ensure_future(store.turn(key, decide))
    await has_started.wait()
    leaving.cancel()
    await turn(store, "z", key=key)

    assert leaving.cancelled()
    assert remembered(tmp_path) == ["started", "z"]


async def test_too_many_waiting_turns_are_refused_at_once(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "bot.db", longest_queue=3)

    answers = await together(*(turn(store, f"m{n}") for n in range(5)))

    assert answers[:3] == ["m0", "m1", "m2"]
    assert [type(answer) for answer in answers[3:]] == [OverloadedError] * 2
    assert str(answers[3]) == "Too many turns are waiting; try again in a moment."
    await store.close()


async def test_closing_finishes_what_waits(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "bot.db")
    waiting = [asyncio.ensure_future(turn(store, f"m{n}")) for n in range(3)]
    await asyncio.sleep(0)

    await asyncio.gather(store.close(), store.close())

    assert [task.result() for task in waiting] == ["m0", "m1", "m2"]
    assert not (tmp_path / "bot.db-wal").exists()


async def test_short_turns_stay_in_the_loop_and_long_ones_do_not(store: SqliteStore) -> None:
    def where(_: Memory) -> Decision[int]:
        return Decision(threading.get_ident())

    here = threading.get_ident()

    assert await store.turn(SHORT, where) == here
    assert await store.turn(LONG, where) != here
    together = await asyncio.gather(store.turn(SHORT, where), store.turn(LONG, where))
    assert here not in together


async def test_many_short_turns_let_others_go_on_between_them(store: SqliteStore) -> None:
    passed = 0
    seen: set[int] = set()

    async def go_on() -> None:
        nonlocal passed
        while True:
            passed += 1
            await asyncio.sleep(0)

    def decide(_: Memory) -> Decision[None]:
        seen.add(passed)
        return Decision(None)

    other = asyncio.create_task(go_on())
    await asyncio.gather(*(store.turn(SHORT, decide) for _ in range(4 * SLICE)))
    other.cancel()

    assert len(seen) == 4


async def test_the_loop_goes_on_while_another_process_writes(
    store: SqliteStore, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as other:
        for name in ("a", "b"):  # it waits in its thread, and again does not in the loop's
            other.execute("begin immediate")
            waiting = asyncio.ensure_future(turn(store, name))
            before = await store.get("anything")  # a loop that waited could never come here
            other.execute("rollback")

            assert before is None
            assert await waiting == name
    assert await store.rights.between(lambda db: db.execute("pragma busy_timeout").fetchone()) == (
        BUSY_TIMEOUT_S * 1000,
    )


async def test_who_closes_waits_for_whoever_reads_an_old_state(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "bot.db")
    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as other:
        other.execute("begin")
        other.execute("select * from inbox").fetchall()
        await turn(store, "a")
        closes = asyncio.create_task(store.close())
        await asyncio.sleep(0.1)
        other.execute("rollback")
        await closes

        log = tmp_path / "bot.db-wal"
        assert log.stat().st_size == 0  # all of it went into the file


async def test_nothing_of_a_group_is_left_where_its_work_is_cancelled(
    store: SqliteStore, tmp_path: Path
) -> None:
    many = [asyncio.ensure_future(turn(store, f"m{n}")) for n in range(3 * SLICE)]
    await under_way(store)
    pump = store._writer._pump
    assert pump is not None
    pump.cancel()

    answers = await asyncio.gather(*many, return_exceptions=True)

    assert {type(answer) for answer in answers} == {asyncio.CancelledError}
    assert remembered(tmp_path) == []
    assert await works(store, tmp_path)


async def test_what_is_done_between_turns_waits_for_those_at_work(store: SqliteStore) -> None:
    many = [asyncio.ensure_future(turn(store, f"m{n}")) for n in range(3 * SLICE)]
    await under_way(store)

    is_within = await store.rights.between(lambda db: db.in_transaction)

    assert is_within is False
    assert len(await asyncio.gather(*many)) == 3 * SLICE


async def test_two_processes_on_one_file_wait_for_one_another(tmp_path: Path) -> None:
    stores = [await SqliteStore.open(tmp_path / "bot.db") for _ in range(2)]

    answers = await together(*(turn(stores[n % 2], f"m{n:02}") for n in range(60)))

    assert answers == remembered(tmp_path)
    for store in stores:
        await store.close()


async def test_what_is_common_is_read_anew_when_another_process_wrote(
    store: SqliteStore, tmp_path: Path
) -> None:
    before = await recall(store, Key())

    other = await SqliteStore.open(tmp_path / "bot.db")
    await change(other, SetWatermark(Feed.HOTLINE, NOON))
    await other.close()

    assert before.watermarks == ()
    assert (await recall(store, Key())).watermarks == ((Feed.HOTLINE, NOON),)


def test_aiosqlite_is_the_version_whose_inside_we_use() -> None:
    parameters = list(inspect.signature(aiosqlite.Connection._execute).parameters)

    assert version("aiosqlite").startswith("0.22.")
    assert parameters == ["self", "fn", "args", "kwargs"]
    assert isinstance(inspect.getattr_static(aiosqlite.Connection, "_conn"), property)
