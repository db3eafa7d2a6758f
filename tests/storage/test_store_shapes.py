"""What texts would say of a crowd is counted without wording them for each, and comes out alike."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.broadcasting.texts import Facts, render
from flows.credit import CreditState, credit_id
from flows.customer import Address, Basis, Channel, Contact, Customer
from flows.journey import Journey, Stage
from messages.alphabet import BASIC
from messages.segments import Segments, count
from storage.broadcasts import Asked
from storage.changes import PutCredit, PutCustomer, PutJourney
from storage.store import Store
from tests.cast import NOON
from tests.storage.keepers import change
from tests.storage.test_store_broadcasts import audience
from tests.storage.test_store_ledger import VIDEO

pytestmark = pytest.mark.anyio

WORDS = (
    "Köln",
    "O'Brien",
    '"5G" & <XL>',
    "Żory",
    "Łódź",
    "€€",
    "{6}",
    "a~b",
    "漢字",
    "🎁",
    "7",
    "e\u0301",
)
SIGNS = tuple(sign * 3 for sign in sorted(BASIC - {"\n", "\r"}))
TEXTS = ("{attribute.word} has {megabytes} MB", "{attribute.word} 🎁 {megabytes}")
ASKED = Asked(("word",), has_megabytes=True)


def costs(facts: Facts) -> tuple[Segments, ...]:
    """Count what each of the texts costs for somebody."""
    return tuple(count(render(text, facts, Channel.SMS)) for text in TEXTS)


async def surveyed(store: Store) -> Counter[tuple[Segments, ...]]:
    """Count the crowd by what the texts cost."""
    found: Counter[tuple[Segments, ...]] = Counter()
    for group in await store.broadcasts.survey(audience("state:steps"), ASKED):
        facts = Facts(megabytes=group.megabytes or 0, attributes={"word": group.attributes[0]})
        found[costs(facts)] += group.count
    return found


async def join(store: Store, number: str, word: str) -> Customer:
    """Let somebody take part of whom the file says one word."""
    phone = (Contact(Address(f"tel:+4917{number:>09}".replace(" ", "0"))),)
    customer = Customer(number, "de", Basis.CONSENT, phone, (("word", word), ("other", "x")))
    put = PutJourney(Journey(number, stage=Stage.MEMBER), "steps", "app", 0, NOON)
    await change(store, PutCustomer(customer, NOON), put)
    return customer


async def test_a_crowd_costs_what_its_people_cost(store: Store) -> None:
    expected: Counter[tuple[Segments, ...]] = Counter()
    for n, word in enumerate((*WORDS, *SIGNS)):
        await join(store, f"{300_000 + n}", word)
        expected[costs(Facts(attributes={"word": word}))] += 1

    assert await surveyed(store) == expected


Happens = Callable[[Customer], tuple[PutCustomer | PutCredit, ...]]


def _credit(customer: Customer, state: CreditState, megabytes: int = 600) -> PutCredit:
    id_ = credit_id("online-statt-hotline", customer.number, "video")
    row = replace(VIDEO, id=id_, customer=customer.number, megabytes=megabytes, state=state)
    return PutCredit(row)


def _renamed(customer: Customer, word: str | None) -> PutCustomer:
    attributes = (("word", word),) if word else ()
    return PutCustomer(replace(customer, attributes=attributes), NOON)


FOLLOWED: tuple[tuple[str, Happens, Facts], ...] = (
    ("nothing", lambda _: (), Facts(attributes={"word": "blue"})),
    (
        "a credit that is asked for is none yet",
        lambda c: (_credit(c, CreditState.EARNED),),
        Facts(attributes={"word": "blue"}),
    ),
    (
        "a credit that is confirmed counts",
        lambda c: (_credit(c, CreditState.EARNED), _credit(c, CreditState.CONFIRMED)),
        Facts(megabytes=600, attributes={"word": "blue"}),
    ),
    (
        "one that comes confirmed counts, once",
        lambda c: (_credit(c, CreditState.CONFIRMED), _credit(c, CreditState.CONFIRMED)),
        Facts(megabytes=600, attributes={"word": "blue"}),
    ),
    (
        "one that is no longer confirmed does not count",
        lambda c: (_credit(c, CreditState.CONFIRMED), _credit(c, CreditState.REJECTED)),
        Facts(attributes={"word": "blue"}),
    ),
    (
        "another word",
        lambda c: (_renamed(c, "Łódź"),),
        Facts(attributes={"word": "Łódź"}),
    ),
    ("no word any more", lambda c: (_renamed(c, None),), Facts()),
)


@pytest.mark.parametrize(
    ("happens", "facts"), [pytest.param(*row[1:], id=row[0]) for row in FOLLOWED]
)
async def test_what_texts_say_follows_each_write(
    store: Store, happens: Happens, facts: Facts
) -> None:
    customer = await join(store, "300000", "blue")

    for one in happens(customer):
        await change(store, one)

    assert await surveyed(store) == {costs(facts): 1}
