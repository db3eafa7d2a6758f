"""Whatever a mad operator does, a credit is booked once at most and told only when it is."""

import asyncio
import random
from datetime import timedelta

import pytest

from bot.carrier.bodies import Dialect
from bot.carrier.crediting import Crediting
from bot.carrier.paging import Lists
from bot.carrier.patience import Patience
from bot.carrier.tmf654 import Tmf654
from bot.carrier.transport import HttpTransport, Transport
from flows.credit import CreditState
from tests.bot.carrier.house import HandClock
from tests.bot.carrier.ledger import OPEN, Killed, Ledger, earned
from tests.bot.carrier.serving import served
from tests.fakes.chaos_carrier import ChaosCarrier, Mood
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

STEPS = ("registration", "video", "app", "streak")
SEEDS = 200


class Play:
    """Two customers' credits, a mad operator, and two workers that die now and then."""

    def __init__(self, seed: int) -> None:
        self.clock = HandClock()
        self.chance = random.Random(seed)  # noqa: S311  a die that can be thrown again
        people = ("100001", "100002")
        rows = [earned(step, self.clock(), who) for step in STEPS for who in people]
        self.ledger = Ledger.of(*rows)
        stuck = frozenset(n for n in self.ledger.rows if self.chance.random() < 0.05)
        dedups = seed % 3 == 0
        self.operator = ChaosCarrier(seed, self.clock, dedups=dedups, stuck=stuck)
        self.ledger.is_booked = self.operator.is_booked
        self.ledger.kills = 0.03 if seed % 2 else 0
        self.ledger.chance = self.chance
        self.patience = Patience(
            longest_poll=timedelta(minutes=30),
            gives_up_after=timedelta(hours=6),
            dedups_for=timedelta(days=1) if dedups else None,
        )
        self.alarms: list[str] = []
        self.way: Transport = self.operator

    def worker(self) -> Crediting:
        """Start a worker; one after a crash knows nothing of the one before."""
        client = Tmf654(self.way, Dialect(), Lists(page_size=2))
        return Crediting(
            self.ledger,
            self.ledger,
            client,
            self.clock,
            alarm=self.alarms.append,
            patience=self.patience,
        )

    async def run(self, days: int = 3) -> None:
        """Let both workers do what is due until the end; the clock jumps from one to the next."""
        end = self.clock() + timedelta(days=days)
        workers = [self.worker(), self.worker()]
        while self.clock() < end and any(r.state in OPEN for r in self.ledger.rows.values()):
            due = await asyncio.gather(
                *(worker.tick() for worker in workers), return_exceptions=True
            )
            for place, answer in enumerate(due):
                if isinstance(answer, BaseExceptionGroup):
                    assert answer.split(Killed)[1] is None, answer
                    workers[place] = self.worker()
            moments = [at for at in due if not isinstance(at, BaseException | None)]
            soon = self.clock() + timedelta(milliseconds=100)
            self.clock.at = max(soon, min(moments, default=soon))


@pytest.mark.parametrize("part", range(6))
async def test_a_mad_operator_books_each_credit_once_and_tells_only_then(part: int) -> None:
    for seed in range(part, SEEDS * SOAK, 6):
        play = Play(seed)

        await play.run()

        check(play, f"seed {seed}")


def check(play: Play, story: str) -> None:
    """Fail unless each credit is booked once at most, and told exactly if it is."""
    for name, row in play.ledger.rows.items():
        story = f"{story}, credit {name}, {row}"
        assert play.operator.bookings(name) <= 1, story
        assert play.ledger.told.count(name) == (row.state is CreditState.CONFIRMED), story
        if name in play.operator.stuck:
            assert row.state is CreditState.UNKNOWN, story
            assert play.ledger.asked.count(name) >= 1, story
        else:
            assert row.state is CreditState.CONFIRMED, story


@pytest.mark.parametrize("seed", range(2000, 2000 + 2 * SOAK))
async def test_it_is_the_same_over_http(seed: int) -> None:
    play = Play(seed)
    async with served(play.operator) as base:
        play.way = HttpTransport(base, timeout_s=5, per_second=100_000)
        await play.run()
        await play.way.close()

    check(play, f"seed {seed}")


async def test_the_madness_is_real() -> None:
    seen: set[Mood] = set()
    for seed in range(30):
        play = Play(seed)
        await play.run(days=1)
        seen |= set(play.operator.moods)

    assert seen == set(Mood)


async def test_a_seed_plays_the_same_again() -> None:
    first, second = Play(7), Play(7)

    await first.run()
    await second.run()

    assert first.ledger.moves == second.ledger.moves
    assert len(first.ledger.moves) > 20
