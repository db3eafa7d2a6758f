"""Erasing: who somebody is goes, and what must stay goes on under a pseudonym.

What stays (programme.md section 8): the consent and what was granted, as one sealed row that the
customer's chain begins with anew; credits and ledger, for the operator's books; and keyed hashes
of number and addresses, so that nobody is written to again. None of it leads back to the person
without our key.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from bot.turns.house import House
from bot.turns.journal import JOURNAL, seal
from flows.credit import CreditState
from flows.customer import Customer
from flows.journey import Journey
from flows.standing import state_of, step_of
from storage.changes import Change, Erase, PutCredit, PutCustomer, PutJourney, Suppress
from storage.memory import CreditRow, Memory

_NOT_ASKED_FOR = (CreditState.EARNED, CreditState.FAILED)


def voided(memory: Memory, now: datetime) -> Iterator[PutCredit]:
    """Void the credits that the operator was not asked for, or refused; nobody could book them."""
    for credit in memory.credits:
        if credit.state in _NOT_ASKED_FOR:
            yield PutCredit(_void(credit, now))


def _void(credit: CreditRow, now: datetime) -> CreditRow:
    return replace(credit, state=CreditState.VOIDED, moved_at=now, poll_at=None, note="erased")


def unwanted(house: House, customer: Customer, journey: Journey, now: datetime) -> Iterator[Change]:
    """Write to none of these addresses again; who took part is not invited a second time either."""
    for contact in customer.contacts:
        yield Suppress(house.keys.of_address(contact.address), "erasure", now)
    if journey.consent is not None:
        yield Suppress(house.keys.of_customer(customer.number), "erasure", now)


def forgotten(
    house: House,
    customer: Customer,
    journey: Journey | None,
    before: bytes,
    now: datetime,
    source: str,
) -> Iterator[Change]:
    """Forget a customer whose journey, if there was one, has come to its end.

    `before` is the end of the customer's chain. Of somebody who was never invited nothing stays.
    """
    pseudonym = house.keys.pseudonym(customer.number)
    yield Erase(customer.number, pseudonym, tuple(_names(customer)))
    if journey is None:
        return
    left = replace(journey, customer=pseudonym).record
    terms = house.terms.of(left)
    state, step = state_of(left, terms).value, step_of(left, terms)
    yield PutCustomer(Customer(pseudonym, left.language), now)
    row = seal(left, before=before, at=now, source=source)
    yield row
    end = house.keys.of_end(JOURNAL, row.n, row.hash)
    yield PutJourney(left, state, step, left.months_told, now, end)


def _names(customer: Customer) -> Iterator[str]:
    """Say what reports that wait may know a customer by."""
    yield f'"{customer.number}"'
    for contact in customer.contacts:
        yield contact.address.value.removeprefix("+")
