"""What becomes of a row, whatever its handler, the store and the customer do."""

from collections import deque
from collections.abc import Sequence

import pytest

from bot.channels.channel import Fault, NotSent, Refused
from bot.sending.lanes import HALTED, LATER, backoff
from flows.customer import Address
from storage.errors import StorageError
from storage.outbox import Claim, Claimed, OutboxState, Settle
from tests.bot.relay_bench import ALICES, BABAKS, HOUR, MINUTE, SECOND, Bench
from tests.cast import NOON
from tests.fakes.outbox import MemoryOutbox

pytestmark = pytest.mark.anyio


async def test_a_row_leaves_under_a_tag_that_was_committed_before() -> None:
    bench = Bench()
    row = bench.add()

    await bench.relay.tick()

    assert bench.outbox.rows[row].ref == "ref-1"
    assert bench.outbox.state(row) is OutboxState.ACCEPTED
    assert bench.handler.unmarked == 0
    assert bench.count("statthotline_sends_total", outcome="accepted") == 1


async def test_a_lane_gets_ready_once_and_not_before_something_is_to_leave() -> None:
    bench = Bench()
    await bench.pass_time(HOUR)
    idle = list(bench.handler.prepared)

    bench.add()
    await bench.pass_time(HOUR)
    bench.add()
    await bench.pass_time(HOUR)

    assert not idle
    assert bench.handler.prepared == [NOON + HOUR]
    assert len(bench.handler.sent) == 2


class HoldingOutbox(MemoryOutbox):
    """An outbox whose first claim meets only those who have had enough."""

    __slots__ = ("has_held",)
    has_held: bool

    async def claim(self, claim: Claim) -> Claimed:
        if not self.has_held:
            self.has_held = True
            return Claimed(held=1)
        return await MemoryOutbox.claim(self, claim)


async def test_who_stands_behind_those_who_have_had_enough_leaves_at_once() -> None:
    bench, outbox = Bench(), HoldingOutbox()
    outbox.has_held = False
    bench.outbox = bench.handler.outbox = outbox
    bench.restart()
    bench.add()

    await bench.relay.tick()

    assert len(bench.handler.sent) == 1


async def test_every_attempt_has_a_tag_of_its_own() -> None:
    bench = Bench()
    bench.handler.script.extend([NotSent("refused")] * 3)
    bench.add()

    await bench.pass_time(HOUR)

    tags = [tag for _, tag, _ in bench.handler.sent]
    assert len(set(tags)) == len(tags) == 4
    assert all(len(tag) >= 22 for tag in tags)


async def test_what_was_not_sent_waits_ever_longer_and_takes_no_attempt() -> None:
    bench = Bench()
    bench.handler.script.extend([NotSent("refused")] * 3)
    row = bench.add()

    await bench.pass_time(HOUR)

    moments = [(at - NOON).total_seconds() for _, _, at in bench.handler.sent]
    assert moments == [0, 1, 3, 7]
    assert bench.outbox.rows[row].row.attempt == 1


def test_waiting_is_bounded_and_varied() -> None:
    assert backoff(1, lambda: 0.0) == 0.75 * SECOND
    assert backoff(1, lambda: 1.0) == 1.25 * SECOND
    assert backoff(1000, lambda: 0.5) == 5 * MINUTE


async def test_too_many_requests_rest_the_whole_lane() -> None:
    bench = Bench()
    bench.handler.script.append(NotSent("429", 20 * SECOND, holds="lane"))
    bench.add()
    bench.handler.hold_s = 0.001
    await bench.relay.tick()
    bench.add(BABAKS)

    await bench.pass_time(HOUR)

    assert [at - NOON for _, _, at in bench.handler.sent] == [0 * SECOND, 20 * SECOND, 20 * SECOND]


async def test_a_flood_wait_of_one_recipient_holds_nobody_else() -> None:
    bench = Bench()
    bench.handler.script.append(NotSent("flood", 7 * SECOND, holds="recipient"))
    waiting = bench.add()
    await bench.relay.tick()
    other = bench.add(BABAKS)

    await bench.pass_time(MINUTE)

    sent = [(row, at - NOON) for row, _, at in bench.handler.sent]
    assert sent == [(waiting, 0 * SECOND), (other, 0 * SECOND), (waiting, 7 * SECOND)]


async def test_a_retried_row_is_not_overtaken_by_the_next_to_the_same_customer() -> None:
    bench = Bench()
    bench.handler.script.append(NotSent("refused"))
    first, second = bench.add(), bench.add()

    await bench.pass_time(HOUR)

    assert [row for row, _, _ in bench.handler.sent] == [first, first, second]


@pytest.mark.parametrize("fault", [Fault.ADDRESS, Fault.OPTED_OUT, Fault.BLOCKED])
async def test_a_closed_address_is_told_of_and_stops_nobody_else(fault: Fault) -> None:
    bench = Bench(in_flight=1)
    bench.handler.script.append(Refused(fault, "21610"))
    bad, good = bench.add(), bench.add(BABAKS)

    await bench.relay.tick()

    assert bench.outbox.state(bad) is OutboxState.FAILED
    assert bench.outbox.rows[bad].reason == f"{fault}:21610"
    assert bench.handler.closed == [(bad, fault)]
    assert bench.outbox.state(good) is OutboxState.ACCEPTED


@pytest.mark.parametrize("fault", [Fault.CONTENT, Fault.OURS])
async def test_what_is_wrong_with_the_text_closes_no_address(fault: Fault) -> None:
    bench = Bench()
    bench.handler.script.append(Refused(fault, "30007"))
    row = bench.add()

    await bench.relay.tick()

    assert bench.outbox.state(row) is OutboxState.FAILED
    assert bench.handler.closed == []


async def test_a_refusal_that_cannot_be_noted_still_ends_the_row() -> None:
    bench = Bench()
    bench.handler.is_deaf = True
    bench.handler.script.append(Refused(Fault.ADDRESS, "21211"))
    row = bench.add()

    await bench.relay.tick()

    assert bench.outbox.state(row) is OutboxState.FAILED


@pytest.mark.parametrize("fault", [Fault.ACCOUNT, Fault.SENDER])
async def test_a_wrong_setting_halts_the_lane_and_burns_nobody(fault: Fault) -> None:
    bench = Bench(in_flight=1)
    bench.handler.script.append(Refused(fault, "20003"))
    rows = [bench.add(Address(f"tel:+4917139200{n}")) for n in range(20, 25)]

    await bench.relay.tick()

    assert len(bench.handler.sent) == 1
    assert {bench.outbox.state(row) for row in rows} == {OutboxState.READY}
    assert {bench.outbox.rows[row].row.attempt for row in rows} == {0}
    assert bench.count("statthotline_lane_paused") == 1


async def test_a_halted_lane_is_tried_by_one_row_and_then_runs() -> None:
    bench = Bench()
    bench.handler.script.append(Refused(Fault.ACCOUNT, "20003"))
    bench.add()
    await bench.relay.tick()
    for n in range(20, 25):
        bench.add(Address(f"tel:+4917139200{n}"))
    bench.handler.script.append(Refused(Fault.ACCOUNT, "20003"))

    await bench.pass_time(HALTED + MINUTE)
    tried = len(bench.handler.sent)
    await bench.pass_time(HALTED)

    assert tried == 2
    assert {kept.state for kept in bench.outbox.rows.values()} == {OutboxState.ACCEPTED}
    assert bench.count("statthotline_lane_paused") == 0


async def test_a_soft_failure_is_tried_twice_more_hours_apart() -> None:
    bench = Bench()
    bench.handler.script.extend([Refused(Fault.LATER, "30003")] * 5)
    row = bench.add()

    await bench.pass_time(24 * HOUR)

    moments = [at - NOON for _, _, at in bench.handler.sent]
    assert moments == [0 * LATER, LATER, 2 * LATER]
    assert bench.outbox.state(row) is OutboxState.FAILED


async def test_a_soft_failure_is_not_tried_beyond_the_use_by() -> None:
    bench = Bench()
    bench.handler.script.append(Refused(Fault.LATER, "30003"))
    row = bench.add(use_by=NOON + HOUR)

    await bench.pass_time(24 * HOUR)

    assert bench.outbox.state(row) is OutboxState.FAILED
    assert len(bench.handler.sent) == 1


async def test_a_handler_that_breaks_leaves_its_row_unknown_and_the_others_go_on() -> None:
    bench = Bench(in_flight=1)
    bench.handler.script.append(RuntimeError("out of order"))
    broken, good = bench.add(), bench.add(BABAKS)

    await bench.relay.tick()

    assert bench.outbox.state(broken) is OutboxState.UNKNOWN
    assert bench.outbox.state(good) is OutboxState.ACCEPTED


async def test_an_outcome_that_cannot_be_stored_at_once_is_stored_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    row = bench.add()
    refusals = deque([StorageError(), StorageError()])
    settle = bench.outbox.settle

    async def sometimes(settlements: Sequence[Settle]) -> None:
        if refusals:
            raise refusals.popleft()
        await settle(settlements)

    monkeypatch.setattr(MemoryOutbox, "settle", lambda _, settlements: sometimes(settlements))
    await bench.relay.tick()

    assert bench.outbox.state(row) is OutboxState.ACCEPTED
    assert len(bench.handler.sent) == 1


async def test_what_nobody_could_look_at_once_more_has_not_left_and_waits_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(rate=10.0, horizon_s=0.2)
    rows = [bench.add(ALICES), bench.add(BABAKS)]
    refusals = deque([StorageError()])
    standing = bench.outbox.standing

    async def sometimes(tags: Sequence[str]) -> frozenset[str]:
        if refusals:
            raise refusals.popleft()
        return await standing(tags)

    monkeypatch.setattr(MemoryOutbox, "standing", lambda _, tags: sometimes(tags))
    await bench.pass_time(SECOND)

    assert not refusals
    assert [bench.outbox.state(row) for row in rows] == [OutboxState.ACCEPTED] * 2
    assert {kept.row.attempt for kept in bench.outbox.rows.values()} == {1}


@pytest.mark.parametrize(
    ("holds", "pause"), [("lane", "pause_lane"), ("recipient", "pause_recipient")]
)
async def test_a_pause_that_cannot_be_stored_loses_no_outcome(
    holds: str, pause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench()
    bench.handler.script.append(NotSent("429", 20 * SECOND, holds=holds))
    row = bench.add()

    async def refused(*_: object) -> None:
        raise StorageError

    monkeypatch.setattr(MemoryOutbox, pause, refused)
    await bench.relay.tick()
    waiting = bench.outbox.state(row)
    await bench.pass_time(MINUTE)

    assert waiting is OutboxState.READY
    assert bench.outbox.state(row) is OutboxState.ACCEPTED
    assert bench.outbox.rows[row].row.attempt == 1
    assert [at - NOON for _, _, at in bench.handler.sent] == [0 * SECOND, 20 * SECOND]


async def test_a_stop_between_planning_and_sending_is_honoured() -> None:
    bench = Bench()
    unasked, asked = bench.add(), bench.add(is_unasked=False)
    bench.outbox.suppressed.add(ALICES.uri)

    await bench.relay.tick()

    assert bench.outbox.state(unasked) is OutboxState.SKIPPED
    assert bench.outbox.rows[unasked].reason == "opted_out"
    assert [row for row, _, _ in bench.handler.sent] == [asked]
    assert bench.count("statthotline_skipped_total") == 1
