"""Routing: to which address, when, and until when something is worth saying."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.turns.routing import (
    PRIORITIES,
    Lanes,
    choose,
    is_worth_twice,
    leaves_at,
    leaves_to,
    use_by,
)
from flows.campaign import StartMode
from flows.customer import Address, Channel, Contact
from flows.effects import Purpose
from tests.cast import ALICE, DAY, NOON, TERMS

ON = Lanes(((Channel.SMS, "sms"), (Channel.TELEGRAM, "telegram"), (Channel.EMAIL, "email")))
ONLY_SMS = Lanes(((Channel.SMS, "sms"),))
PHONE, CHAT, MAIL = (
    Contact(Address(uri)) for uri in ("tel:+491713920011", "telegram:7", "mailto:a@mail.example")
)
EARLY, LATE = NOON - DAY, NOON


@pytest.mark.parametrize(
    ("contacts", "purpose", "lanes", "expected"),
    [
        ((PHONE, CHAT), Purpose.NOTICE, ON, CHAT),
        ((PHONE, CHAT, MAIL), Purpose.INVITATION, ON, PHONE),
        ((CHAT, MAIL), Purpose.INVITATION, ON, MAIL),
        ((PHONE, CHAT), Purpose.NOTICE, ONLY_SMS, PHONE),
        ((replace(PHONE, used_at=EARLY), CHAT), Purpose.NOTICE, ON, replace(PHONE, used_at=EARLY)),
        (
            (replace(PHONE, used_at=LATE), replace(CHAT, used_at=EARLY)),
            Purpose.REMINDER,
            ON,
            replace(PHONE, used_at=LATE),
        ),
        ((PHONE, replace(CHAT, blocked_at=NOON)), Purpose.NOTICE, ON, PHONE),
        ((replace(PHONE, opted_out_at=NOON),), Purpose.NOTICE, ON, None),
        ((CHAT,), Purpose.NOTICE, ONLY_SMS, None),
        ((), Purpose.NOTICE, ON, None),
    ],
    ids=[
        "Telegram before SMS",
        "an invitation by SMS",
        "an invitation by e-mail before Telegram",
        "only a channel that is on",
        "where the customer wrote",
        "where the customer wrote last",
        "not where we are blocked",
        "nowhere after STOP",
        "nowhere if the channel is off",
        "nobody without an address",
    ],
)
def test_an_address_is_chosen(
    contacts: tuple[Contact, ...], purpose: Purpose, lanes: Lanes, expected: Contact | None
) -> None:
    assert choose(replace(ALICE, contacts=contacts), purpose, lanes) == expected


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TERMS.zone)


@pytest.mark.parametrize(
    ("purpose", "at", "leaves"),
    [
        (Purpose.ANSWER, "2026-12-01T03:00", "2026-12-01T03:00"),
        (Purpose.NOTICE, "2026-12-01T03:00", "2026-12-01T08:00"),
        (Purpose.NOTICE, "2026-12-06T12:00", "2026-12-06T12:00"),
        (Purpose.REMINDER, "2026-12-06T12:00", "2026-12-07T08:00"),
        (Purpose.INVITATION, "2026-12-25T12:00", "2026-12-28T08:00"),
    ],
    ids=[
        "an answer at any hour",
        "news not at night",
        "news on a Sunday",
        "no reminder on a Sunday",
        "no invitation at Christmas",
    ],
)
def test_when_something_leaves(purpose: Purpose, at: str, leaves: str) -> None:
    assert leaves_at(purpose, berlin(at), TERMS) == berlin(leaves)


@pytest.mark.parametrize(
    ("mode", "purpose", "silent", "leaves"),
    [
        (StartMode.AFTER, Purpose.REMINDER, 5, 10),
        (StartMode.AFTER, Purpose.REMINDER, 15, 0),
        (StartMode.AFTER, Purpose.NOTICE, 5, 0),
        (StartMode.AFTER, Purpose.ANSWER, 0, 0),
        (StartMode.INTERRUPT, Purpose.REMINDER, 5, 0),
        (StartMode.SKIP, Purpose.REMINDER, 5, None),
        (StartMode.SKIP, Purpose.REMINDER, 15, 0),
        (StartMode.SKIP, Purpose.NOTICE, 5, 0),
    ],
)
def test_a_reminder_minds_whoever_is_talking_with_us(
    mode: StartMode, purpose: Purpose, silent: int, leaves: int | None
) -> None:
    minute = timedelta(minutes=1)
    talking = replace(ALICE, contacts=(CHAT, replace(PHONE, used_at=NOON - silent * minute)))
    terms = replace(TERMS, messages=replace(TERMS.messages, during_dialogue=mode))

    found = leaves_to(talking, purpose, NOON, terms)

    assert found == (None if leaves is None else NOON + leaves * minute)


def test_reminders_and_invitations_grow_stale_news_does_not() -> None:
    assert use_by(Purpose.REMINDER, NOON) == NOON + 3 * DAY
    assert use_by(Purpose.INVITATION, NOON) == NOON + timedelta(days=10)
    assert use_by(Purpose.NOTICE, NOON) is None
    assert use_by(Purpose.ANSWER, NOON) is None


def test_answers_leave_first_and_invitations_last() -> None:
    assert min(PRIORITIES, key=PRIORITIES.__getitem__) is Purpose.ANSWER
    assert max(PRIORITIES, key=PRIORITIES.__getitem__) is Purpose.INVITATION


def test_what_somebody_waits_for_is_worth_a_second_time() -> None:
    assert not is_worth_twice(Purpose.REMINDER, Channel.SMS)
    assert is_worth_twice(Purpose.REMINDER, Channel.EMAIL)
    assert is_worth_twice(Purpose.NOTICE, Channel.SMS)
    assert is_worth_twice(Purpose.ANSWER, Channel.SMS)
