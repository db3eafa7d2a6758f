"""Versions of the terms: whoever consented to one stays on it."""

from dataclasses import replace

import pytest

from bot.terms import ChangedTermsError, keep_terms, read_terms
from flows.campaign import Steps
from tests.cast import NOON, REWARDS, TERMS, invited, member

pytestmark = pytest.mark.anyio

RICHER = replace(TERMS, version="2", steps=Steps({**REWARDS, "streak": 2000}))


class Drawer:
    """Keeps small values in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def get(self, name: str) -> str | None:
        return self.kept.get(name)

    async def put(self, name: str, value: str) -> None:
        self.kept[name] = value


async def test_a_member_stays_on_the_version_of_the_consent() -> None:
    drawer = Drawer()
    await keep_terms(drawer, TERMS)

    terms = await keep_terms(drawer, RICHER)

    assert terms.of(member(NOON)) == TERMS
    assert terms.of(member(NOON, RICHER)) == RICHER
    assert terms.of(invited()) == terms.of(None) == RICHER
    assert terms.version("unknown") == RICHER


async def test_other_terms_under_the_same_version_stop_the_start() -> None:
    drawer = Drawer()
    await keep_terms(drawer, TERMS)

    with pytest.raises(ChangedTermsError, match="version '1'"):
        await keep_terms(drawer, replace(RICHER, version="1"))


async def test_the_same_terms_are_kept_again_and_again() -> None:
    drawer = Drawer()
    first = await keep_terms(drawer, TERMS)
    kept = dict(drawer.kept)

    again = await keep_terms(drawer, TERMS)

    assert first == again
    assert drawer.kept == kept


async def test_reading_keeps_nothing() -> None:
    drawer = Drawer()

    terms = await read_terms(drawer, TERMS)

    assert terms.of(member()) == TERMS
    assert drawer.kept == {}
