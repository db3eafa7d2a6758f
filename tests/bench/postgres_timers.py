"""`timers.postgres`: what a look for due wakes costs among ten times as many, after long churn.

Before the look a tenth of the wakes has been moved again and again, as turns do: what is dead lies
at the front of the index, where every look begins.
"""

from datetime import timedelta

import asyncpg

from storage.postgres.store import PostgresStore
from storage.records import to_int
from tests.bench.measuring import Benchmark, Goal, Ground, Lap, Runner, expect, stopwatch
from tests.bench.servers import counted, prepared_name, preparing
from tests.cast import NOON
from tests.postgres import run, server

DUE = 100
LOOKS = 300
FEWER = 10
CHURNS = 5

_FILL = """
insert into wakes (customer, slot, what, at, is_open)
select substr(md5(n::text), 1, 12), 'streak', 'Month', {first} + n * 1000000::bigint, true
from generate_series(0, {many} - 1) n
"""
_CHURN = "update wakes set at = at + {span} where at < (select min(at) from wakes) + {tenth}"
_SCAN = """
select customer, slot, what, at
from wakes
where is_open is not false and at + 0 <= $1
order by at + 0, customer, slot
limit 500
"""


async def prepare(ground: Ground) -> None:
    """Fill two databases, one with a tenth of the wakes."""
    async with preparing(ground) as url:
        await _fill(url, ground.size)
    few = f"{prepared_name(ground)}_few"
    fewer = await server().empty(few)
    await PostgresStore.prepare(fewer)
    await _fill(fewer, _fewer(ground))
    await run(fewer, "vacuum analyze", "checkpoint")


async def _fill(url: str, many: int) -> None:
    """Fill, then move the earliest tenth behind the last, several times."""
    second = 1_000_000
    await run(url, _FILL.format(first=to_int(NOON), many=many), "analyze wakes")
    tenth = max(many // 10, 1) * second
    for _ in range(CHURNS):
        await run(url, _CHURN.format(span=many * second, tenth=tenth))


async def ours(ground: Ground) -> Lap:
    return await _look(server().url_of(prepared_name(ground)), ground.size)


async def limit(ground: Ground) -> Lap:
    return await _look(server().url_of(f"{prepared_name(ground)}_few"), _fewer(ground))


async def peer(ground: Ground) -> Lap:
    url = server().url_of(prepared_name(ground))
    connection = await asyncpg.connect(url)
    until = await connection.fetchval("select min(at) from wakes") + 1_000_000 * _due(ground.size)
    with stopwatch() as watch:
        rows = await connection.fetch(_SCAN, until - 1)
    await connection.close()
    expect(len(rows), _due(ground.size), "due wakes")
    return watch.cost(1)


async def _look(url: str, many: int) -> Lap:
    store = await PostgresStore.open(url)
    try:
        first = await store.next_wake()
        assert first is not None
        until = first + timedelta(seconds=_due(many) - 1)
        rows = await store.due_wakes(until, 500)  # what the file system still has to read
        with stopwatch() as watch:
            for _ in range(LOOKS):
                rows = await store.due_wakes(until, 500)
                await store.next_wake()
        expect(len(rows), _due(many), "due wakes")
    finally:
        await store.close()
    expect(await counted(url, "select count(*) from wakes"), many, "wakes")
    return watch.cost(LOOKS)


def _due(many: int) -> int:
    return min(DUE, max(many // 10, 1))


def _fewer(ground: Ground) -> int:
    return max(ground.size // FEWER, 4)


POSTGRES_TIMERS = Benchmark(
    "timers.postgres",
    "µs a look",
    Goal(
        "a look among 10 million wakes costs at most 3 times one among a million (the limit), after"
        " churn; the peer scans",
        of_limit=3,
    ),
    10_000_000,
    {Runner.OURS: ours, Runner.LIMIT: limit, Runner.PEER: peer},
    is_cost=True,
    prepare=prepare,
)
