"""Size: a million invited customers must fit where one machine keeps them."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from flows.customer import Address, Basis, Contact, Customer
from storage.outbox import Claim, OutboxState, Settle
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import NOON

pytestmark = pytest.mark.anyio

CUSTOMERS = 1000
KIB = 1024


def somebody(n: int) -> Customer:
    """Make up a customer as an operator's file has them."""
    facts = (("tariff", "Blue M"), ("area", f"{10000 + n % 1000}"))
    contacts = (Contact(Address(f"tel:+4917139{n:05}")),)
    return Customer(f"{10_000_000 + n}", "de", Basis.CONSENT, contacts, facts)


async def send_all(house: ProgrammeHouse) -> int:
    """Let every invitation be accepted by the provider, and count them."""
    now, sent = NOON, 0
    while (due := await house.store.next_due("sms", now)) is not None:
        now = max(now, due)
        claim = Claim("sms", "n", now, now + timedelta(minutes=1), 500)
        rows = (await house.store.claim(claim)).rows
        accepted = (
            Settle(row.id, OutboxState.ACCEPTED, now, ref=f"SM{row.id:032x}") for row in rows
        )
        await house.store.settle(list(accepted))
        sent += len(rows)
    return sent


async def test_an_invited_customer_costs_at_most_one_and_a_half_kib(tmp_path: Path) -> None:
    async with programme_house(tmp_path / "nobody"):
        pass
    async with programme_house(tmp_path) as house:
        people = map(somebody, range(CUSTOMERS))
        await asyncio.gather(*(house.turns.invite(who, is_held_out=False) for who in people))
        sent = await send_all(house)

    empty, full = ((tmp_path / one).stat().st_size for one in ("nobody/bot.db", "bot.db"))

    assert sent == CUSTOMERS
    assert (full - empty) / CUSTOMERS < 1.5 * KIB
