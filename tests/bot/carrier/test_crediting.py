"""The worker, one credit at a time: what it commits before it asks, and what it never does."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from bot.carrier.book import Move, moved
from bot.carrier.carrier import (
    Accepted,
    Bill,
    Booked,
    CarrierAnswer,
    Contested,
    CreditOrder,
    Failed,
    Halted,
    Rejected,
    Subscriber,
    Unclear,
    Volume,
)
from bot.carrier.crediting import Crediting
from bot.carrier.patience import Patience, at_once_for
from flows.credit import CreditState
from tests.bot.carrier.house import HandClock
from tests.bot.carrier.ledger import Ledger, earned
from tests.cast import NOON

pytestmark = pytest.mark.anyio

UNTIL = datetime.fromisoformat("2027-01-01T00:00:00+01:00")
Answers = list[CarrierAnswer | None]


@dataclass(slots=True)
class Operator:
    """A Carrier that answers what it was told to; the last answer stays."""

    requests: Answers = field(default_factory=list)
    reads: Answers = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    watch: Callable[[], None] = lambda: None
    sends_validity: bool = True

    @property
    def corrections(self) -> "Operator":
        return self

    async def request(self, order: CreditOrder) -> CarrierAnswer:
        self.watch()
        self.asked.append("request")
        await asyncio.sleep(0)
        answer = self._next(self.requests)
        assert answer is not None
        return answer

    async def follow(self, provider_id: str) -> CarrierAnswer | None:
        self.asked.append(f"follow {provider_id}")
        return self._next(self.reads)

    async def look_up(self, credit_id: UUID, since: datetime) -> CarrierAnswer | None:
        raise AssertionError("the worker looks up all that is lost at once")

    async def look_up_all(
        self, credits_: Collection[UUID], since: datetime
    ) -> Mapping[UUID, CarrierAnswer | None]:
        self.asked.append("look_up")
        return {credit: self._next(self.reads) for credit in credits_}

    async def remaining(self, subscriber: Subscriber) -> Volume | None:
        return None

    async def last_bill(self, subscriber: Subscriber) -> Bill | None:
        return None

    async def close(self) -> None:
        """Nothing is open."""

    def _next(self, answers: Answers) -> CarrierAnswer | None:
        return answers.pop(0) if len(answers) > 1 else answers[0]


@dataclass(slots=True)
class Desk:
    """A worker with its ledger, operator and clock."""

    operator: Operator
    ledger: Ledger = field(default_factory=lambda: Ledger.of(earned("video", NOON)))
    clock: HandClock = field(default_factory=HandClock)
    patience: Patience = field(default_factory=Patience)
    alarms: list[str] = field(default_factory=list)
    _worker: Crediting | None = None

    @property
    def worker(self) -> Crediting:
        if self._worker is None:
            self._worker = Crediting(
                self.ledger,
                self.ledger,
                self.operator,
                self.clock,
                alarm=self.alarms.append,
                patience=self.patience,
            )
        return self._worker

    async def run(self, **span: float) -> None:
        """Do everything that is due within a span."""
        end = self.clock() + timedelta(**span)
        while (due := await self.worker.tick()) is not None and due <= end:
            self.clock.at = max(self.clock.at, due)
        self.clock.at = end

    @property
    def states(self) -> list[CreditState]:
        return [state for _, state in self.ledger.moves]


S = CreditState


async def test_a_request_is_committed_before_it_is_made_and_told_when_booked() -> None:
    desk = Desk(Operator(requests=[Accepted("T1")], reads=[Accepted("T1"), Booked("T1", UNTIL)]))
    seen: list[tuple[CreditState, int]] = []
    desk.operator.watch = lambda: seen.append((desk.ledger.only.state, desk.ledger.only.attempts))

    await desk.run(hours=1)

    assert seen == [(S.REQUESTED, 1)]
    assert desk.states == [S.REQUESTED, S.ACCEPTED, S.CONFIRMED]
    assert desk.ledger.only.provider_id == "T1"
    assert desk.ledger.only.usable_until == UNTIL
    assert desk.operator.asked == ["request", "follow T1", "follow T1"]


async def test_an_answer_that_was_lost_is_looked_up_and_never_asked_again() -> None:
    desk = Desk(Operator(requests=[Unclear("timeout")], reads=[Unclear("500"), Booked("T1")]))

    await desk.run(hours=2)

    assert desk.states == [S.REQUESTED, S.UNKNOWN, S.CONFIRMED]
    assert desk.operator.asked == ["request", "look_up", "look_up"]


async def test_a_worker_that_was_killed_while_asking_looks_up_after_it() -> None:
    asked = replace(earned("video", NOON), state=S.REQUESTED, poll_at=NOON + timedelta(minutes=1))
    desk = Desk(Operator(reads=[Accepted("T1"), Booked("T1")]), Ledger.of(asked))

    await desk.run(hours=1)

    assert desk.states == [S.UNKNOWN, S.ACCEPTED, S.CONFIRMED]
    assert "request" not in desk.operator.asked


async def test_an_empty_list_lets_us_ask_again_only_after_the_time_that_processing_takes() -> None:
    operator = Operator(requests=[Unclear("timeout"), Booked("T2")], reads=[None])
    desk = Desk(operator, patience=Patience(processes_within=timedelta(hours=2)))

    await desk.run(minutes=119)
    early = operator.asked.count("request")
    await desk.run(minutes=30)

    assert early == 1
    assert desk.states == [S.REQUESTED, S.UNKNOWN, S.REQUESTED, S.CONFIRMED]


async def test_where_the_key_dedups_an_empty_list_is_enough() -> None:
    operator = Operator(requests=[Unclear("timeout"), Booked("T2")], reads=[None])
    desk = Desk(operator, patience=Patience(dedups_for=timedelta(1)))

    await desk.run(minutes=1)

    assert desk.states == [S.REQUESTED, S.UNKNOWN, S.REQUESTED, S.CONFIRMED]


async def test_where_neither_holds_it_stays_unknown_and_a_person_is_asked_once() -> None:
    operator = Operator(requests=[Unclear("timeout")], reads=[None])
    desk = Desk(operator, patience=Patience(processes_within=None))

    await desk.run(days=30)

    assert operator.asked.count("request") == 1
    assert desk.ledger.only.state is S.UNKNOWN
    assert len(desk.ledger.asked) == 1


async def test_an_operator_stuck_at_created_ends_in_unknown_and_still_may_book_late() -> None:
    operator = Operator(requests=[Accepted("T1")], reads=[Accepted("T1")])
    desk = Desk(operator)

    await desk.run(days=10)
    stuck = (desk.states, len(desk.ledger.asked), operator.asked.count("request"))
    operator.reads = [Booked("T1")]
    await desk.run(days=1)

    assert stuck == ([S.REQUESTED, S.ACCEPTED, S.UNKNOWN], 1, 1)
    assert desk.states[-1] is S.CONFIRMED


async def test_a_top_up_that_vanished_after_it_had_an_id_is_never_asked_for_again() -> None:
    operator = Operator(requests=[Accepted("T1")], reads=[None])
    desk = Desk(operator)

    await desk.run(days=10)

    assert operator.asked.count("request") == 1
    assert desk.ledger.only.state is S.UNKNOWN
    assert len(desk.ledger.asked) == 1


async def test_a_failure_is_asked_again_with_growing_waits() -> None:
    operator = Operator(requests=[Failed("no"), Failed("no"), Failed("no"), Booked("T4")])
    desk = Desk(operator)
    at: list[datetime] = []
    operator.watch = lambda: at.append(desk.clock())

    await desk.run(hours=1)

    waits = [(b - a).total_seconds() for a, b in pairwise(at)]
    assert waits == [30, 60, 120]
    assert desk.states[-1] is S.CONFIRMED


async def test_what_fails_after_it_was_accepted_is_asked_again() -> None:
    operator = Operator(
        requests=[Accepted("T1"), Accepted("T2")], reads=[Failed("failed", "T1"), Booked("T2")]
    )
    desk = Desk(operator)

    await desk.run(hours=1)

    assert operator.asked == ["request", "follow T1", "request", "follow T2"]
    assert desk.ledger.only.provider_id == "T2"


async def test_what_always_fails_is_asked_once_a_day_and_a_person_hears_of_it_once() -> None:
    desk = Desk(Operator(requests=[Failed("no")]))

    await desk.run(days=30)

    assert 30 <= len(desk.operator.asked) <= 40
    assert len(desk.ledger.asked) == 1


async def test_a_rejection_is_final_and_a_person_is_asked() -> None:
    desk = Desk(Operator(requests=[Rejected("400 22: closed")]))

    await desk.run(days=30)

    assert desk.states == [S.REQUESTED, S.REJECTED]
    assert len(desk.ledger.asked) == 1
    assert desk.operator.asked == ["request"]


async def test_a_conflict_over_nothing_is_final_only_after_a_second_time() -> None:
    desk = Desk(Operator(requests=[Contested("409")], reads=[None]))

    await desk.run(days=1)

    assert desk.states == [S.REQUESTED, S.UNKNOWN, S.REQUESTED, S.UNKNOWN, S.REJECTED]
    assert desk.operator.asked.count("request") == 2


async def test_what_a_repeated_order_conflicts_with_may_still_be_on_its_way() -> None:
    desk = Desk(
        Operator(
            requests=[Unclear("lost"), Contested("409")],
            reads=[None, None, None, Booked("T1")],
        ),
        patience=Patience(dedups_for=timedelta(days=1)),
    )

    await desk.run(minutes=30)

    assert desk.ledger.only.state is S.CONFIRMED
    assert desk.operator.asked.count("request") == 2


async def test_conflict_after_conflict_over_what_has_failed_is_final() -> None:
    desk = Desk(Operator(requests=[Contested("409")], reads=[Failed("failed", "T1")]))

    await desk.run(days=1)

    assert desk.states == [S.REQUESTED, S.UNKNOWN, S.REQUESTED, S.UNKNOWN, S.REJECTED]


async def test_an_attempt_that_failed_says_nothing_of_a_later_one() -> None:
    desk = Desk(
        Operator(
            requests=[Failed("failed", "T1"), Unclear("lost"), Booked("T3")],
            reads=[Failed("failed", "T1")],  # all that the list shows for an hour
        )
    )

    await desk.run(minutes=59)

    assert desk.operator.asked.count("request") == 2
    assert desk.ledger.only.state is S.UNKNOWN


@pytest.mark.parametrize(
    ("per_second", "at_once"), [(1, 8), (20, 40), (45, 90), (1000, 100), (0.1, 8)]
)
def test_the_quota_says_how_many_are_under_way_together(per_second: float, at_once: int) -> None:
    assert at_once_for(per_second) == at_once


async def test_what_is_lost_is_looked_up_in_one_reading_of_the_list() -> None:
    rows = [earned("video", NOON, str(100001 + n)) for n in range(30)]
    lost = [replace(row, state=S.UNKNOWN, attempts=1) for row in rows]
    desk = Desk(Operator(requests=[Booked("T1")], reads=[Booked("T1")]), Ledger.of(*lost))

    await desk.worker.tick()

    assert desk.operator.asked == ["look_up"]
    assert {row.state for row in desk.ledger.rows.values()} == {S.CONFIRMED}


async def test_somebody_who_is_gone_is_not_credited() -> None:
    desk = Desk(Operator(requests=[Booked("T1")]))
    desk.ledger.nobody = True

    await desk.run(days=3)

    assert desk.operator.asked == []
    assert len(desk.ledger.asked) == 1


async def test_refused_credentials_stop_the_worker_for_all_with_one_alarm() -> None:
    rows = [earned(step, NOON) for step in ("registration", "video", "app", "streak")]
    desk = Desk(Operator(requests=[Halted("401")]), Ledger.of(*rows))

    due = await desk.worker.tick()
    again = await desk.worker.tick()
    await desk.run(hours=12)

    assert due == again == NOON + timedelta(minutes=1)
    assert len(desk.alarms) == 1
    assert len(desk.operator.asked) < 60


async def test_retry_after_is_honoured() -> None:
    operator = Operator(requests=[Halted("429", timedelta(minutes=7)), Booked("T1")])
    desk = Desk(operator)
    at: list[datetime] = []
    operator.watch = lambda: at.append(desk.clock())

    await desk.run(hours=1)

    assert at == [NOON, NOON + timedelta(minutes=7)]


async def test_an_operator_who_closes_too_late_is_looked_up() -> None:
    desk = Desk(Operator(requests=[Halted("503", may_have_booked=True)], reads=[Booked("T1")]))

    await desk.run(hours=1)

    assert desk.states == [S.REQUESTED, S.UNKNOWN, S.CONFIRMED]


async def test_five_unclear_answers_in_a_row_pause_and_a_good_one_ends_it() -> None:
    rows = [earned("video", NOON, str(100001 + n)) for n in range(40)]
    operator = Operator(requests=[Unclear("500")], reads=[Unclear("500")])
    desk = Desk(operator, Ledger.of(*rows))

    due = await desk.worker.tick()
    tried = len(operator.asked)
    operator.requests, operator.reads = [Booked("T")], [None]
    await desk.run(days=1)

    assert due == NOON + timedelta(minutes=1)
    assert tried < 15
    assert len(desk.alarms) == 1
    assert {row.state for row in desk.ledger.rows.values()} == {S.CONFIRMED}


async def test_two_workers_ask_once() -> None:
    desk = Desk(Operator(requests=[Booked("T1")]))
    other = Desk(desk.operator, desk.ledger, desk.clock)

    await asyncio.gather(desk.worker.tick(), other.worker.tick())

    assert desk.operator.asked == ["request"]
    assert desk.ledger.told == [str(desk.ledger.only.id)]


async def test_what_another_worker_holds_does_not_make_this_one_spin() -> None:
    desk = Desk(Operator(requests=[Booked("T1")]))
    held = desk.ledger.only

    class Held(Ledger):
        async def move(self, move: Move) -> bool:
            return False

    desk.ledger = Held.of(held)
    due = await desk.worker.tick()

    assert due == NOON + timedelta(seconds=1)
    assert desk.operator.asked == []


async def test_nothing_to_do_is_nothing_due() -> None:
    desk = Desk(Operator(), Ledger.of())

    assert await desk.worker.tick() is None


def test_a_move_on_an_old_look_up_does_not_hold() -> None:
    seen = replace(earned("video", NOON), state=S.UNKNOWN, attempts=1)
    gone_on = replace(seen, moved_at=NOON + timedelta(minutes=1), provider_id="T1")
    ask = Move(seen=seen, to=S.REQUESTED, at=NOON)

    assert moved(gone_on, ask) is None
    assert moved(seen, ask) is not None


def test_no_move_leaves_the_arrows() -> None:
    row = earned("video", NOON)

    assert moved(row, Move(seen=row, to=S.CONFIRMED, at=NOON)) is None
