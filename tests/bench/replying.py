"""`reply.under_bulk`: how long an answer takes while a broadcast fills the lane to its rate."""

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from urllib.parse import parse_qs

from messages.segments import count as segments_of
from tests.bench.crowds import fill_file, flat, members, queued
from tests.bench.inbound import shots
from tests.bench.load import Hit, Order
from tests.bench.loopback import Seen
from tests.bench.measuring import (
    Benchmark,
    Goal,
    Ground,
    Lap,
    Runner,
    expect,
    quantile,
    stopwatch,
)
from tests.bench.processes import Provider, copied, fire, provider
from tests.bench.real_house import real_house
from tests.cast import NOON

RATE = 10.0  # segments a second, what a German sender may emit
REPLIES = 100
MEAN_GAP_S = 0.4  # a third of the 7.5 a second who get the broadcast meanwhile
ASKED = "How is the weather?"  # nobody understands it, and the answer is one segment long
CONNECTIONS = 2  # more would be closed as idle between their requests
JITTER_S = 0.05  # between a slot of the lane and a request that was read whole


async def prepare(ground: Ground) -> None:
    """Let some customers write, and queue a broadcast to as many others as there are to be."""
    replies, busy = _replies(ground), ground.folder / "busy"
    await fill_file(ground.folder / "bot.db", flat(members(replies, NOON)))
    busy.mkdir()
    everybody = flat(members(replies + ground.size, NOON))
    await fill_file(busy / "bot.db", [*everybody, *queued(ground.size, first=replies)])


async def _lap(ground: Ground, *, is_busy: bool) -> Lap:
    copied(ground.prepared / "busy" if is_busy else ground.prepared, ground.folder)
    replies, order = _replies(ground), ground.chance
    gaps = [order.expovariate(1 / MEAN_GAP_S) for _ in range(replies)]
    async with provider() as far, real_house(ground.folder, far.origin, RATE) as port:
        await _until_busy(far, is_busy=is_busy)
        fired = shots(range(replies), ASKED, accumulate(gaps))
        with stopwatch() as watch:
            hits = await fire(Order(port, CONNECTIONS, fired))
            seen = await _answered(far, replies)
    took = _took(seen, hits)
    most = busiest([(one.at, _cost(one)) for one in seen], 1.0 - JITTER_S)
    return Lap(
        quantile(took, 0.95) * 1000,
        watch.cpu_s / replies * 1e6,
        f"measured: at most {most} segments within {1 - JITTER_S:.2f} s, median of the answers"
        f" {quantile(took, 0.5) * 1000:.0f} ms",
        is_kept=most <= RATE,
    )


async def _until_busy(far: Provider, *, is_busy: bool) -> None:
    """Wait until the broadcast leaves."""
    for _ in range(100):
        if not is_busy or await far.seen():
            return
        await asyncio.sleep(0.1)
    raise TimeoutError


async def _answered(far: Provider, replies: int) -> Sequence[Seen]:
    """Wait until all have their answer."""
    seen: list[Seen] = []
    for _ in range(100):
        seen = await far.seen()
        if sum(_is_answer(one, replies) for one in seen) >= replies:
            break
        await asyncio.sleep(0.1)
    expect(len({_to(one) for one in seen}), len(seen), "recipients")
    expect(sum(_is_answer(one, replies) for one in seen), replies, "answers")
    return seen


def _took(seen: Sequence[Seen], hits: Sequence[Hit]) -> list[float]:
    """Tell for each answer how long after its question it arrived, in seconds."""
    answered = {_to(one): one.at for one in seen}
    return [answered[n] - hit.left_at for n, hit in enumerate(hits)]


def busiest(costs: Sequence[tuple[float, int]], span_s: float) -> int:
    """Tell how much the fullest span holds."""
    ordered = sorted(costs)
    return max(
        sum(cost for at, cost in ordered[n:] if at < start + span_s)
        for n, (start, _) in enumerate(ordered)
    )


def _to(one: Seen) -> int:
    return int(parse_qs(one.body)["To"][0].removeprefix("+4917"))


def _is_answer(one: Seen, replies: int) -> bool:
    return _to(one) < replies


def _cost(one: Seen) -> int:
    return segments_of(parse_qs(one.body)["Body"][0]).segments


def _replies(ground: Ground) -> int:
    return min(REPLIES, ground.size // 2)


REPLY = Benchmark(
    "reply.under_bulk",
    "ms p95",
    Goal(
        "with 100 000 bulk messages queued, from webhook to POST at most 300 ms at p95 for 100"
        " answers, 2.5 a second at random moments, and the lane's 10 segments in no second"
        " exceeded; the limit is the same without the bulk",
        ours=300,
    ),
    100_000,
    {
        Runner.OURS: partial(_lap, is_busy=True),
        Runner.LIMIT: partial(_lap, is_busy=False),
    },
    is_cost=True,
    prepare=prepare,
)
