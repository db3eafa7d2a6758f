"""Broadcasts: four eyes, one row for each recipient, and sums that agree at every instant."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import storage.sqlite.recipients as keeper_of_files
from bot.broadcasting.authority import Actor, NotAllowedError
from bot.inviting.waves import Pausable, Waves
from flows.broadcast import BroadcastError, BroadcastState
from storage.outbox import OutboxState
from tests.bot.broadcast_house import MONA, OTTO, TEXTS, VERA, BroadcastHouse, broadcast_house
from tests.cast import HEDY
from tests.soak import SOAK

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("audience", "texts", "why"),
    [
        ("state:invited", {"de": "Hallo {name}"}, "no placeholder"),
        ("state:invited", {"de": "<b>Hallo"}, "not closed"),
        ("state:invited", {"de": "5 < 6"}, "&lt;"),
        ("state:invited", {"de": " "}, "empty"),
        ("state:invited", {"fr": "Salut"}, "speaks"),
        ("attribute.colour:red", {"de": "Hallo"}, "no customer has"),
        ("state:invited", {"de": "{attribute.colour}"}, "no customer has"),
        ("state:done", {"de": "Hallo"}, "nobody"),
        ("state:invited", {"de": "Ihre Rechnung steht online. " * 5 + "😀"}, "3 SMS segments of 1"),
        ("stat:done", {"de": "Hallo"}, "no such term"),
    ],
)
async def test_a_draft_that_cannot_be_sent_is_refused(
    tmp_path: Path, audience: str, texts: dict[str, str], why: str
) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(2)

        with pytest.raises(BroadcastError, match=why):
            await house.broadcasts.draft(MONA, audience, texts)


async def test_nothing_starts_without_a_second_person(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(2)
        own = await house.broadcasts.draft(OTTO, "state:invited", TEXTS)

        with pytest.raises(BroadcastError, match="author cannot"):
            await house.broadcasts.approve(OTTO, own)
        with pytest.raises(BroadcastError, match="second person"):
            await house.broadcasts.start(MONA, own)


async def test_a_button_under_another_preview_approves_nothing(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(2)
        name = await house.broadcasts.draft(MONA, "state:invited", TEXTS)

        with pytest.raises(BroadcastError, match="changed"):
            await house.broadcasts.approve(OTTO, name, "0123456789abcdef")


async def test_one_letter_changed_after_the_approval_is_refused(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(2)
        name = await house.broadcasts.draft(MONA, "state:invited", TEXTS)
        await house.broadcasts.approve(OTTO, name)
        keeper = house.broadcasts.keeper

        await keeper.move(1, lambda row: (replace(row, approved_hash="another"), ()))

        with pytest.raises(BroadcastError, match="changed since"):
            await house.broadcasts.start(MONA, name)


@pytest.mark.parametrize("actor", [VERA, MONA, OTTO], ids=lambda actor: actor.role.value)
async def test_each_role_may_what_it_may_and_refusals_are_kept(
    tmp_path: Path, actor: Actor
) -> None:
    reads, acts = {"preview", "list", "show"}, {"draft", "test", "start", "pause", "resume"}
    acts |= {"cancel", "retry-failed", "report"}
    may = {VERA: reads, MONA: reads | acts, OTTO: reads | acts | {"approve"}}[actor]
    async with broadcast_house(tmp_path) as house:
        await house.people(1)
        await house.broadcasts.draft(MONA, "state:invited", TEXTS)

        allowed = {a for a in (*reads, *acts, "approve") if await _tries(house, actor, a)}

        async with house.programme.store.snapshot() as snapshot:
            rows = await snapshot.acts(0, 100)
        kept = [row.act for row in rows if "may not" in row.about]
        refused = {act.removeprefix("refused broadcast ") for act in kept}
        assert allowed == may
        assert refused == (reads | acts | {"approve"}) - may


async def _tries(house: BroadcastHouse, actor: Actor, act: str) -> bool:
    broadcasts = house.broadcasts
    acts: dict[str, Callable[[], Awaitable[object]]] = {
        "draft": lambda: broadcasts.draft(actor, "state:invited", TEXTS),
        "preview": lambda: broadcasts.preview(actor, "B1"),
        "list": lambda: broadcasts.list(actor),
        "show": lambda: broadcasts.show(actor, "B1"),
        "test": lambda: broadcasts.test(actor, "B1", "tel:+491713920099"),
        "approve": lambda: broadcasts.approve(actor, "B1"),
        "start": lambda: broadcasts.start(actor, "B1"),
        "pause": lambda: broadcasts.pause(actor, "B1"),
        "resume": lambda: broadcasts.resume(actor, "B1"),
        "cancel": lambda: broadcasts.cancel(actor, "B1"),
        "retry-failed": lambda: broadcasts.retry_failed(actor, "B1"),
        "report": lambda: broadcasts.report(actor, "B1", "", 10),
    }
    try:
        await acts[act]()
    except NotAllowedError:
        return False
    except BroadcastError:
        pass  # allowed, but not in this state
    return True


@pytest.mark.parametrize("seed", range(8 * SOAK))
async def test_whatever_is_commanded_nobody_gets_two_and_the_sums_agree(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, small in (("SPAN", 2), ("CHUNK", 4), ("LOOKED_AT", 4), ("AT_ONCE", 2)):
        monkeypatch.setattr(keeper_of_files, name, small)
    monkeypatch.setattr("storage.sqlite.broadcasts.MOST_S", 0.0)
    chance = random.Random(seed)  # noqa: S311 - a seed reproduces the run
    async with broadcast_house(tmp_path) as house:
        people = await house.people(10)
        name, after_cancel = await house.started(), -1

        for _ in range(40):
            before, paused_at = len(house.sent), await _waves(house).paused_at(Pausable.CAMPAIGN)
            await _something(house, name, chance)
            assert paused_at is None or len(house.sent) == before
            counts = (await house.broadcasts.show(VERA, name)).counts
            rows = await house.broadcasts.report(MONA, name, "", 100)
            kept = Counter(row.state for row in rows if row.state != "excluded")
            assert {s: n for s, n in counts.states.items() if n} == dict(kept)
            state = (await house.broadcasts.show(VERA, name)).row.state
            if state is BroadcastState.CANCELLED:
                after_cancel = len(house.sent) if after_cancel < 0 else after_cancel
                assert len(house.sent) == after_cancel
        assert max(Counter(house.sent).values(), default=0) <= 1
        assert len(house.sent) <= len(people)


def _waves(house: BroadcastHouse) -> Waves:
    programme = house.programme
    return Waves(programme.store, programme.clock, programme.poke, programme.house.terms)


async def _something(house: BroadcastHouse, name: str, chance: random.Random) -> None:
    """Command something, work a little, or be killed while sending."""
    broadcasts, engine, clock = house.broadcasts, house.engine, house.programme.clock
    waves = _waves(house)
    row = await broadcasts.keeper.find(1)
    assert row is not None
    audience, compose = broadcasts.previews.audience(row), engine.composing(row)
    moves = (
        lambda: broadcasts.keeper.plan(1, audience),  # and killed right after it
        lambda: broadcasts.keeper.feed(1, compose, 3, clock()),
        house.engine.tick,
        house.engine.tick,
        lambda: house.relay(2),
        lambda: house.relay(1, dies=True),
        lambda: house.relay(1, OutboxState.UNKNOWN),
        lambda: house.programme.store.recover(house.programme.clock()),
        lambda: broadcasts.pause(MONA, name),
        lambda: broadcasts.resume(MONA, name),
        lambda: broadcasts.resume(MONA, name),
        lambda: broadcasts.start(MONA, name),
        lambda: broadcasts.retry_failed(MONA, name),
        lambda: waves.pause(Pausable.CAMPAIGN),
        lambda: waves.resume(Pausable.CAMPAIGN),
        lambda: waves.resume(Pausable.CAMPAIGN),
        waves.tick,
    )
    rarely = (lambda: broadcasts.cancel(MONA, name),)
    with suppress(BroadcastError):  # not allowed in this state
        await chance.choice(rarely if chance.random() < 0.03 else moves)()
    house.programme.clock.at += timedelta(seconds=31)


async def test_a_held_out_customer_is_never_written_to(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(2)
        await house.programme.turns.invite(HEDY, is_held_out=True)

        with pytest.raises(BroadcastError, match="1 held out"):
            await house.broadcasts.draft(MONA, "state:held_out", TEXTS)
        await house.started("state:held_out,invited")
        await house.run_out()

        dossier = await house.programme.store.dossier(HEDY.number)
        assert dossier is not None
        assert dossier.messages == ()


async def test_two_managers_who_press_at_once_start_it_once(tmp_path: Path) -> None:
    async with broadcast_house(tmp_path) as house:
        await house.people(3)
        name = await house.broadcasts.draft(MONA, "state:invited", TEXTS)
        await house.broadcasts.approve(OTTO, name)

        both = [house.broadcasts.start(MONA, name), house.broadcasts.start(OTTO, name)]
        told = await asyncio.gather(*both, return_exceptions=True)
        await house.run_out()

        assert sum(isinstance(answer, BroadcastError) for answer in told) == 1
        assert len(house.sent) == 3
