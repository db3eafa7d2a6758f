"""A turn reads what concerns one customer, and changes all or nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from flows.customer import Address, Contact
from flows.effects import Request
from storage.changes import (
    Append,
    CountStranger,
    Decision,
    KeepText,
    MintLink,
    OpenRequest,
    PutContact,
    PutCustomer,
    Remember,
    SpendLink,
    Suppress,
    Unsuppress,
)
from storage.errors import AddressTakenError, ClosedError, StorageError
from storage.memory import InboxKey, Key, Link, Memory
from storage.store import Store
from tests.cast import ALICE, BABAK, BABAKS_TELEGRAM, DAY, NOON, STRANGER, invited, on_streak
from tests.storage.keepers import add, change, recall, stands

pytestmark = pytest.mark.anyio

PHONE = ALICE.contacts[0].address
HASH = b"\x01" * 16
MESSAGE = InboxKey("sms", "SM1")


def entry(n: int, link: bytes) -> Append:
    return Append(ALICE.number, n, NOON, NOON, "Invited", "{}", "manager", "Say Invitation", link)


async def test_a_new_store_remembers_nobody(store: Store) -> None:
    memory = await recall(store, Key(customer=ALICE.number, address=PHONE, inbox=MESSAGE))

    assert memory == Memory()


async def test_a_customer_is_found_by_number_address_and_link(store: Store) -> None:
    rich = replace(ALICE, attributes=(("tariff", "blue"),), bucket="B1", account="A1")
    link = Link(ALICE.number, "telegram", NOON + DAY, None)
    await change(store, PutCustomer(rich, NOON), MintLink(HASH, link))

    by_number = await recall(store, Key(customer=ALICE.number))
    by_address = await recall(store, Key(address=PHONE))
    by_link = await recall(store, Key(link_hash=HASH))

    assert by_number.customer == by_address.customer == by_link.customer == rich
    assert by_link.link == link


async def test_the_owner_of_an_address_comes_before_the_owner_of_a_link(store: Store) -> None:
    await add(store, ALICE, BABAK)
    await change(store, MintLink(HASH, Link(BABAK.number, "page", NOON + DAY, None)))

    memory = await recall(store, Key(address=PHONE, link_hash=HASH))

    assert memory.customer == ALICE
    assert memory.link is not None
    assert memory.link.customer == BABAK.number


async def test_a_journey_comes_back_as_it_was_written(store: Store) -> None:
    await add(store, ALICE)
    await change(store, stands(invited()))
    await change(store, stands(on_streak(), "streak"))

    memory = await recall(store, Key(customer=ALICE.number))

    assert memory.journey == on_streak()
    assert memory.terms == "1"


async def test_a_turn_sees_what_the_turn_before_it_wrote(store: Store) -> None:
    await add(store, ALICE)
    await change(store, entry(1, b"one"))
    await change(store, entry(2, b"two"), entry(3, b"three"))

    memory = await recall(store, Key(customer=ALICE.number))

    assert (memory.entries, memory.tail) == (3, b"three")


async def test_a_place_in_the_journal_is_filled_once(store: Store) -> None:
    await add(store, ALICE)
    await change(store, entry(1, b"one"))

    with pytest.raises(StorageError):
        await change(store, entry(1, b"other"))

    assert (await recall(store, Key(customer=ALICE.number))).tail == b"one"


async def test_a_message_that_was_handled_is_seen(store: Store) -> None:
    await change(store, Remember(MESSAGE, b"digest", "applied", NOON))

    memory = await recall(store, Key(inbox=MESSAGE))
    other = await recall(store, Key(inbox=InboxKey("telegram", "SM1")))

    assert memory.seen is not None
    assert (memory.seen.digest, memory.seen.answer) == (b"digest", "applied")
    assert other.seen is None


async def test_a_decision_that_fails_is_raised_and_leaves_nothing(store: Store) -> None:
    def decide(_: Memory) -> Decision[None]:
        raise LookupError("no such line")

    with pytest.raises(LookupError, match="no such line"):
        await store.turn(Key(), decide)

    assert await recall(store, Key(customer=ALICE.number)) == Memory()


async def test_a_change_that_fails_takes_the_whole_turn_with_it(store: Store) -> None:
    with pytest.raises(StorageError):
        await change(store, PutCustomer(ALICE, NOON), stands(replace(invited(), customer="nobody")))

    assert await recall(store, Key(customer=ALICE.number)) == Memory()


async def test_an_import_drops_the_addresses_it_does_not_name(store: Store) -> None:
    await add(store, BABAK)
    await change(store, PutContact(BABAK.number, Contact(BABAKS_TELEGRAM, used_at=NOON)))

    both = await recall(store, Key(customer=BABAK.number))
    await add(store, BABAK)
    one = await recall(store, Key(address=BABAKS_TELEGRAM))

    assert both.customer is not None
    assert both.customer.contacts == (*BABAK.contacts, Contact(BABAKS_TELEGRAM, used_at=NOON))
    assert one.customer is None


async def test_an_import_cannot_take_an_address_away(store: Store) -> None:
    await add(store, ALICE)

    with pytest.raises(AddressTakenError):
        await add(store, replace(BABAK, contacts=ALICE.contacts))

    assert await store.customer_at(PHONE) == ALICE.number


async def test_an_address_is_theirs_who_proved_it_last(store: Store) -> None:
    await add(store, ALICE, BABAK)
    await change(store, PutContact(ALICE.number, Contact(BABAKS_TELEGRAM)))

    await change(store, PutContact(BABAK.number, Contact(BABAKS_TELEGRAM)))

    assert await store.customer_at(BABAKS_TELEGRAM) == BABAK.number
    assert (await recall(store, Key(customer=ALICE.number))).customer == ALICE


async def test_contacts_keep_their_order_when_one_changes(store: Store) -> None:
    first, second = Contact(Address("tel:+491713920015")), Contact(Address("mailto:a@b.example"))
    await add(store, replace(ALICE, contacts=(first, second)))

    closed = replace(first, opted_out_at=NOON, blocked_at=NOON)
    await change(store, PutContact(ALICE.number, closed))

    memory = await recall(store, Key(customer=ALICE.number))
    assert memory.customer is not None
    assert memory.customer.contacts == (closed, second)


async def test_a_suppressed_address_is_known_until_its_owner_says_start(store: Store) -> None:
    await change(store, Suppress(HASH, "stranger", NOON))
    closed = await recall(store, Key(address=STRANGER, address_hash=HASH))
    await change(store, Unsuppress(HASH))
    open_again = await recall(store, Key(address=STRANGER, address_hash=HASH))

    assert closed.is_suppressed
    assert not open_again.is_suppressed


async def test_a_stranger_is_remembered_for_a_while(store: Store) -> None:
    await change(store, CountStranger(HASH, NOON, NOON + DAY))
    known = await recall(store, Key(address_hash=HASH))
    await store.recover(NOON + DAY)
    forgotten = await recall(store, Key(address_hash=HASH))

    assert known.stranger_answered_at == NOON
    assert forgotten.stranger_answered_at is None


async def test_a_link_is_spent_once(store: Store) -> None:
    await change(store, MintLink(HASH, Link(ALICE.number, "telegram", NOON + DAY, None)))
    await change(store, SpendLink(HASH, NOON))
    await change(store, SpendLink(HASH, NOON + DAY))

    link = (await recall(store, Key(link_hash=HASH))).link

    assert link is not None
    assert link.spent_at == NOON


async def test_moments_keep_their_microseconds(store: Store) -> None:
    moment = NOON + timedelta(microseconds=123_457)
    await change(store, Remember(MESSAGE, b"", "", NOON), PutCustomer(ALICE, NOON))
    await change(store, PutContact(ALICE.number, Contact(PHONE, used_at=moment)))

    memory = await recall(store, Key(customer=ALICE.number))

    assert memory.customer is not None
    assert memory.customer.contacts[0].used_at == moment


async def test_a_text_is_kept_once_and_a_request_waits_for_a_person(store: Store) -> None:
    text = KeepText("hash", "I agree.", "1", "en")
    await add(store, ALICE)
    await change(store, text, text, OpenRequest(ALICE.number, Request.OBJECTION, "call 7", NOON))

    dossier = await store.dossier(ALICE.number)

    assert dossier is not None
    assert [(r.request, r.about, r.closed_at) for r in dossier.requests] == [
        (Request.OBJECTION, "call 7", None)
    ]


async def test_a_closed_store_refuses(store: Store) -> None:
    await store.close()

    with pytest.raises(ClosedError):
        await add(store, ALICE)
    with pytest.raises(ClosedError):
        await store.get("name")
