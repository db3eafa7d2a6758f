"""Who has just written to us, of those who would be written to: the store agrees with the rules."""

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest

from flows.audience import fits, read_audience
from flows.customer import Address, Basis, Contact, Customer
from flows.journey import Journey, Stage
from storage.broadcasts import Talking
from storage.changes import PutCustomer, PutJourney
from storage.store import Store
from tests.cast import NOON
from tests.soak import SOAK
from tests.storage.keepers import change
from tests.storage.test_store_broadcasts import AUDIENCES, audience, fate, profile, somebody

pytestmark = pytest.mark.anyio

SINCE = NOON - timedelta(hours=3)  # who wrote then is silent again


@pytest.mark.parametrize("seed", range(2 * SOAK))
@pytest.mark.parametrize("schemes", [("tel", "telegram", "mailto"), ("tel",)])
async def test_who_has_just_written_is_counted_when_they_wrote_last(
    store: Store, seed: int, schemes: tuple[str, ...]
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed reproduces the run
    people = [somebody(n, chance) for n in range(60)]
    for customer, put in people:
        await change(store, PutCustomer(customer, NOON), *([put] if put else []))

    for text in AUDIENCES:
        found = await store.broadcasts.talking(audience(text, schemes), SINCE)

        wanted: Counter[datetime] = Counter()
        for one in people:
            reason, _ = fate(*one, schemes)
            spoke_at = [c.used_at for c in one[0].contacts if c.used_at]
            if fits(read_audience(text), profile(*one)) and not reason and spoke_at:
                wanted[max(spoke_at)] += 1
        lately = [Talking(at, number) for at, number in wanted.items() if at > SINCE]
        assert found == tuple(sorted(lately, key=lambda each: each.at, reverse=True))


@pytest.mark.parametrize("text", ["state:steps", "attribute.tariff:red", "-attribute.tariff:blue"])
async def test_those_who_wrote_within_a_second_are_counted_at_once(store: Store, text: str) -> None:
    for n, seconds in enumerate((20.5, 20.1, 200, 900)):
        number, before = f"{300_000 + n}", timedelta(seconds=seconds)
        phone = Contact(Address(f"tel:+4917{n:09}"), used_at=NOON - before)
        chat = Contact(Address(f"telegram:{n + 1}"), used_at=NOON - 2 * before)
        who = Customer(number, "de", Basis.CONSENT, (phone, chat), (("tariff", "red"),))
        put = PutJourney(Journey(number, stage=Stage.MEMBER), "steps", "app", 0, NOON)
        await change(store, PutCustomer(who, NOON), put)

    found = await store.broadcasts.talking(audience(text), NOON - timedelta(minutes=15))

    assert found == (
        Talking(NOON - timedelta(seconds=20.1), 2),
        Talking(NOON - timedelta(seconds=200), 1),
    )
