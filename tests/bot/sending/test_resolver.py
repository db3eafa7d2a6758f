"""A send of unknown outcome: looked up, shown, and seldom sent once more."""

import asyncio
from datetime import datetime

import pytest

from bot.channels.channel import Accepted, Unknown
from storage.outbox import OutboxState, Unresolved
from tests.bot.relay_bench import BABAKS, HOUR, MINUTE, SECOND, Bench
from tests.cast import NOON
from tests.fakes.outbox import MemoryOutbox

pytestmark = pytest.mark.anyio


async def test_an_unknown_row_is_looked_up_thrice_and_then_shown_as_uncertain() -> None:
    bench = Bench()
    bench.handler.script.append(Unknown("TimeoutError"))
    row = bench.add()

    await bench.pass_time(24 * HOUR)

    looked = [at - NOON for at in bench.handler.looked]
    assert looked == [30 * SECOND, 2 * MINUTE, 10 * MINUTE]
    assert len(bench.handler.sent) == 1
    assert bench.outbox.state(row) is OutboxState.UNKNOWN
    assert bench.count("statthotline_unknown_total", end="uncertain") == 1


async def test_an_unknown_row_that_is_found_was_sent() -> None:
    bench = Bench()
    bench.handler.script.append(Unknown("TimeoutError"))
    bench.handler.found.extend([None, Accepted("ref-found")])
    row = bench.add(may_resend=True)

    await bench.pass_time(24 * HOUR)

    assert bench.outbox.rows[row].ref == "ref-found"
    assert bench.outbox.state(row) is OutboxState.ACCEPTED
    assert len(bench.handler.sent) == 1


async def test_a_message_worth_it_is_sent_once_more_and_never_a_third_time() -> None:
    bench = Bench()
    bench.handler.script.extend([Unknown("TimeoutError")] * 5)
    row = bench.add(may_resend=True)

    await bench.pass_time(24 * HOUR)

    assert len(bench.handler.sent) == 2
    assert len({tag for _, tag, _ in bench.handler.sent}) == 2
    assert bench.outbox.state(row) is OutboxState.UNKNOWN
    assert bench.count("statthotline_unknown_total", end="resent") == 1
    assert bench.count("statthotline_unknown_total", end="uncertain") == 1


async def test_a_look_up_that_fails_decides_nothing() -> None:
    bench = Bench()
    bench.handler.script.append(Unknown("TimeoutError"))
    bench.handler.found.extend([RuntimeError("no list")] * 10)
    row = bench.add(may_resend=True)

    await bench.pass_time(19 * MINUTE)
    sent_meanwhile = len(bench.handler.sent)
    await bench.pass_time(HOUR)

    assert sent_meanwhile == 1
    assert len(bench.handler.looked) == 11
    assert bench.outbox.state(row) is OutboxState.ACCEPTED


async def test_what_a_dead_worker_was_posting_is_looked_up_not_sent_again() -> None:
    bench = Bench()
    posting, waiting = bench.add(), bench.add(BABAKS)
    dead = bench.outbox.rows[posting]
    dead.row = dead.row._replace(tag="tag-of-the-dead")
    dead.state, dead.lease, dead.posted_at = OutboxState.POSTING, NOON + MINUTE, NOON
    bench.handler.found.append(Accepted("ref-found"))

    await bench.relay.tick()
    bench.clock.at = NOON + 2 * MINUTE
    await bench.relay.tick()

    assert [row for row, _, _ in bench.handler.sent] == [waiting]
    assert bench.outbox.rows[posting].ref == "ref-found"


async def test_a_look_up_that_ends_while_the_list_is_read_is_not_made_again() -> None:
    bench = Bench()
    bench.handler.script.extend([Unknown("TimeoutError")] * 2)
    slow, quick = bench.add(may_resend=True), bench.add(BABAKS)
    await bench.relay.tick()
    bench.outbox = SlowlyReadOutbox(bench.outbox.rows)
    bench.handler.outbox = bench.outbox
    bench.handler.look_ups_s = {slow: 0.02, quick: 0.005}
    bench.restart()
    bench.clock.at = NOON + HOUR  # the last look-up: the slow one's ends in a second sending

    await bench.relay.tick()

    assert len(bench.handler.looked) == 2
    assert len(bench.handler.sent) == 3
    assert bench.outbox.state(slow) is OutboxState.ACCEPTED


class SlowlyReadOutbox(MemoryOutbox):
    """An outbox whose list of unknown rows is old when it arrives."""

    __slots__ = ()

    async def unresolved(self, lane: str, now: datetime, limit: int) -> tuple[Unresolved, ...]:
        listed = await MemoryOutbox.unresolved(self, lane, now, limit)
        await asyncio.sleep(0.03)
        return listed
