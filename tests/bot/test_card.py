"""A card: flags beside the state, and what comes next."""

from dataclasses import replace

import pytest

from bot.card import flags, next_of
from flows.customer import Contact
from flows.journey import Journey
from storage.changes import SetWake
from storage.memory import Memory
from storage.reading import Dossier
from tests.cast import ALICE, DAY, NOON, member

OPEN = ALICE.contacts[0]


@pytest.mark.parametrize(
    ("contacts", "journey", "expected"),
    [
        ((OPEN,), member(), ()),
        ((OPEN,), None, ()),
        ((OPEN,), replace(member(), is_silent=True), ("opted_out",)),
        ((replace(OPEN, opted_out_at=NOON),), member(), ("opted_out",)),
        ((replace(OPEN, blocked_at=NOON),), member(), ("blocked",)),
        ((OPEN,), replace(member(), is_accessible=True), ("accessible",)),
    ],
)
def test_what_holds_beside_the_state_is_named(
    contacts: tuple[Contact, ...], journey: Journey | None, expected: tuple[str, ...]
) -> None:
    assert flags(contacts, journey) == expected


def test_the_earliest_wake_comes_next() -> None:
    wakes = (
        SetWake("100001", "hotline", "settle", NOON + 9 * DAY),
        SetWake("100001", "calendar", "month", NOON + DAY),
    )
    dossier = Dossier(Memory(), (), (), (), wakes, ())

    assert next_of(dossier) == (NOON + DAY, "month")
    assert next_of(replace(dossier, wakes=())) is None
