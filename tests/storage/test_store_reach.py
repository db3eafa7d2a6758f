"""What audiences ask follows each single write: of an address, its owner, or a journey."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from flows.audience import fits, read_audience
from flows.customer import Contact, Customer
from storage.broadcasts import Asked
from storage.changes import Change, PutContact, PutCustomer, PutJourney
from storage.store import Store
from tests.cast import NOON
from tests.soak import SOAK
from tests.storage.keepers import change
from tests.storage.test_store_broadcasts import (
    AUDIENCES,
    SCHEMES,
    audience,
    counted,
    fate,
    profile,
    somebody,
)

pytestmark = pytest.mark.anyio

People = dict[str, tuple[Customer, PutJourney | None]]


@pytest.mark.parametrize("seed", range(2 * SOAK))
async def test_single_writes_move_who_is_counted(store: Store, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed reproduces the run
    people: People = {
        one.number: (one, put) for one, put in (somebody(n, chance) for n in range(20))
    }
    for customer, put in people.values():
        await change(store, PutCustomer(customer, NOON), *([put] if put else []))

    for n in range(60):
        await change(store, *happen(people, n, chance))

    for text in AUDIENCES:
        terms = read_audience(text)
        expected = Counter(
            (reason, "", "") if reason else ("", profile(*one).language, way)
            for one in people.values()
            if fits(terms, profile(*one))
            for reason, way in (fate(*one, tuple(SCHEMES)),)
        )
        assert counted(await store.broadcasts.survey(audience(text), Asked())) == expected


def happen(people: People, n: int, chance: random.Random) -> list[Change]:
    """Let one thing happen to somebody, and note it."""
    number = chance.choice(sorted(people))
    customer, put = people[number]
    if put is not None and chance.random() < 0.3:
        _, again = somebody(int(number) - 300_000, chance)
        if again is not None:
            people[number] = (customer, again)
            return [again]
    if not customer.contacts:
        return []
    contact = chance.choice(customer.contacts)
    if chance.random() < 0.15:
        return [_move(people, customer, contact, chance.choice(sorted(people)))]
    contact = _changed(contact, n, chance)
    people[number] = (_with(customer, contact), put)
    return [PutContact(number, contact)]


def _changed(contact: Contact, n: int, chance: random.Random) -> Contact:
    """Use an address once more, block it or open it, or let STOP be said there."""
    match chance.randrange(4):
        case 0:
            return replace(contact, opted_out_at=chance.choice((None, NOON)))
        case 1:
            return replace(contact, blocked_at=chance.choice((None, NOON)))
        case _:
            return replace(contact, used_at=NOON + timedelta(minutes=n))


def _with(customer: Customer, contact: Contact) -> Customer:
    others = tuple(c for c in customer.contacts if c.address != contact.address)
    return replace(customer, contacts=(*others, contact))


def _move(people: People, owner: Customer, contact: Contact, to: str) -> Change:
    """Let somebody else prove that an address is theirs."""
    left = tuple(c for c in owner.contacts if c is not contact)
    people[owner.number] = (replace(owner, contacts=left), people[owner.number][1])
    taker, put = people[to]
    people[to] = (_with(taker, contact), put)
    return PutContact(to, contact)
