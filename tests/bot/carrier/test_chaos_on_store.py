"""The mad operator before the real store and turns: money, words and chains hold."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar, cast

import pytest

from bot.carrier.bodies import Dialect
from bot.carrier.crediting import Crediting
from bot.carrier.paging import Lists
from bot.carrier.patience import Patience
from bot.carrier.tmf654 import Tmf654
from bot.credits.audit import verify
from bot.credits.credit_book import TurnedCredits
from bot.credits.decisions import By
from bot.credits.ledger import check
from bot.credits.reconciler import compare
from flows.credit import CreditState, credit_id
from storage.changes import Decision
from storage.memory import Key, Memory
from storage.store import Store
from tests.bot.carrier.ledger import Killed
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import ALICE, TERMS
from tests.fakes.chaos_carrier import ChaosCarrier
from tests.soak import SOAK

pytestmark = pytest.mark.anyio

T = TypeVar("T")
SEEDS = 100
FEWER = 24
PARTS = 4
LINE = replace(ALICE, bucket="B-491713920011", account="A-491713920011")
CAPPED = replace(TERMS, budget_megabytes=3600)  # for Alice alone
CREDITS = {str(credit_id(TERMS.name, ALICE.number, step)): step for step in TERMS.tasks}


@dataclass
class DyingStore:
    """The store of a process that dies just before or just after some of its commits."""

    store: Store
    kills: float
    chance: random.Random

    async def turn(self, key: Key, decide: Callable[[Memory], Decision[T]]) -> T:
        """Answer one event, perhaps for nothing, perhaps without anybody hearing of it."""
        self._die_perhaps()
        answer = await self.store.turn(key, decide)
        self._die_perhaps()
        return answer

    def _die_perhaps(self) -> None:
        if self.chance.random() < self.kills:
            raise Killed


@dataclass
class Play:
    """Alice's three credits, a mad operator, and two workers that die now and then."""

    house: ProgrammeHouse
    operator: ChaosCarrier
    chance: random.Random
    kills: float

    def worker(self) -> Crediting:
        """Start a worker; one after a crash knows nothing of the one before."""
        dying = cast("Store", DyingStore(self.house.store, self.kills, self.chance))
        return Crediting(
            self.house.store,
            TurnedCredits(dying, self.house.house, self.house.poke),
            self.client,
            self.house.clock,
            alarm=lambda _: None,
            patience=Patience(
                shortest_poll=timedelta(minutes=2),
                longest_poll=timedelta(hours=2),
                shortest_retry=timedelta(minutes=2),
                gives_up_after=timedelta(hours=6),
                dedups_for=timedelta(days=1) if self.operator.dedups else None,
            ),
        )

    @property
    def client(self) -> Tmf654:
        return Tmf654(self.operator, Dialect(), Lists(page_size=2))

    async def run(self) -> None:
        """Let both workers do what is due for two days; the clock jumps from one to the next."""
        clock, workers = self.house.clock, [self.worker(), self.worker()]
        end = clock() + timedelta(days=2)
        while clock() < end:
            due = await asyncio.gather(
                *(worker.tick() for worker in workers), return_exceptions=True
            )
            for place, answer in enumerate(due):
                if isinstance(answer, BaseExceptionGroup):
                    assert answer.split(Killed)[1] is None, answer
                    workers[place] = self.worker()
            if all(answer is None for answer in due):
                return
            moments = [at for at in due if not isinstance(at, BaseException | None)]
            soon = clock() + timedelta(milliseconds=100)
            clock.at = max(soon, min(moments, default=soon))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the database in which Alice has done all steps, once."""
    folder = tmp_path_factory.mktemp("template")

    async def make() -> None:
        async with programme_house(folder, CAPPED) as house:
            await house.join(LINE)
            await house.do_steps()

    asyncio.run(make())
    return folder / "bot.db"


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the database in which all of Alice's credits are to be taken back, once."""
    folder = tmp_path_factory.mktemp("booked")

    async def make() -> None:
        async with programme_house(folder, CAPPED) as house:
            await house.join(LINE)
            await house.do_steps()
            for step in TERMS.tasks:
                await house.book(step)
                credit = (await house.credit(step)).id
                await house.decisions.reverse(credit, By("9001", "a mistake"))

    asyncio.run(make())
    return folder / "bot.db"


@asynccontextmanager
async def playing(seed: int, template: Path, folder: Path) -> AsyncIterator[Play]:
    """Open a copy of the house before an operator of this seed."""
    shutil.copy(template, folder / "bot.db")
    async with programme_house(folder, CAPPED) as house:
        chance = random.Random(seed)  # noqa: S311  a die that can be thrown again
        names = [str(credit.id) for credit in await house.store.open_credits(10)]
        stuck = frozenset(name for name in names if chance.random() < 0.05)
        operator = ChaosCarrier(seed, house.clock, dedups=seed % 3 == 0, stuck=stuck)
        yield Play(house, operator, chance, kills=0.05 if seed % 2 else 0)


@pytest.mark.parametrize("part", range(PARTS))
async def test_whatever_the_operator_does_money_words_and_chains_hold(
    part: int, template: Path, tmp_path: Path
) -> None:
    for seed in range(part, SEEDS * SOAK, PARTS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        async with playing(seed, template, folder) as play:
            await play.run()

            await examine(play, f"seed {seed}")
        shutil.rmtree(folder)


@pytest.mark.parametrize("part", range(PARTS))
async def test_what_is_taken_back_is_taken_back_once_and_told_then(
    part: int, booked: Path, tmp_path: Path
) -> None:
    for seed in range(part, FEWER * SOAK, PARTS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        async with playing(seed, booked, folder) as play:
            for name, step in CREDITS.items():
                play.operator.hold(f"T-{step}", name, 600)
            await play.run()

            await examine_reversals(play, f"seed {seed}")
        shutil.rmtree(folder)


async def examine_reversals(play: Play, story: str) -> None:
    """Fail unless each credit is taken back once, and told exactly if it is."""
    house, operator = play.house, play.operator
    dossier = await house.dossier()
    told = [m.about for m in dossier.messages if m.line == "CreditTakenBack"]
    granted = {c.step: c for c in dossier.memory.credits if not c.takes_back}
    for back in filter(lambda c: c.takes_back, dossier.memory.credits):
        name, credit, tale = str(back.id), granted[back.step], f"{story}, {back}"
        is_stuck = name in operator.stuck
        assert operator.bookings(name) <= 1, tale
        assert back.state is (CreditState.UNKNOWN if is_stuck else CreditState.CONFIRMED), tale
        assert credit.state is (CreditState.CONFIRMED if is_stuck else CreditState.REVERSED), tale
        assert operator.is_booked(name) or is_stuck, tale
        assert told.count(str(credit.id)) == (not is_stuck), tale
    assert (await check(house.store, house.house.terms)).faults == (), story
    assert (await verify(house.store, house.house.keys)).ok, story
    await agree(play, story, len(CREDITS))


async def examine(play: Play, story: str) -> None:
    """Fail unless each credit is booked once at most and told exactly if it is, and all adds up."""
    house, operator = play.house, play.operator
    dossier = await house.dossier()
    told = [m.about for m in dossier.messages if m.line == "Credited"]
    for credit in dossier.memory.credits:
        name = str(credit.id)
        tale = f"{story}, {credit}"
        assert operator.bookings(name) <= 1, tale
        assert told.count(name) == (credit.state is CreditState.CONFIRMED), tale
        if name in operator.stuck:
            assert credit.state is CreditState.UNKNOWN, tale
        else:
            assert credit.state is CreditState.CONFIRMED, tale
            assert operator.is_booked(name), tale
    checked = await check(house.store, house.house.terms)
    assert checked.faults == (), story
    assert checked.accounts["liability"] + checked.accounts["delivered"] <= 3600, story
    assert (await verify(house.store, house.house.keys)).ok, story
    await agree(play, story, 0)


async def agree(play: Play, story: str, before: int) -> None:
    """Fail unless the reconciliation finds both sides of one mind."""
    house = play.house
    house.clock.at += timedelta(hours=13)  # by then it is sane
    records = await play.client.records(house.clock() - timedelta(days=9))
    assert isinstance(records, tuple), story
    match = await compare(house.store, records, house.clock())
    assert match.deviations == [], story
    assert match.matched == before + len(CREDITS) - len(play.operator.stuck), story


async def test_the_processes_really_die(template: Path, tmp_path: Path) -> None:
    deaths = 0
    async with playing(1, template, tmp_path) as play:
        dying = DyingStore(play.house.store, 0.5, play.chance)
        for _ in range(40):
            try:
                await dying.turn(Key(), lambda _: Decision(None))
            except Killed:
                deaths += 1

    assert deaths > 10
