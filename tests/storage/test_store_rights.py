"""What people may ask of the store about themselves, and what is forgotten on time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from flows.credit import CreditState
from flows.customer import Contact
from flows.effects import Request
from flows.journey import Journey, Stage
from flows.watching import Viewing
from storage.changes import (
    Book,
    CloseBooks,
    CountStranger,
    DropHistory,
    Erase,
    MintLink,
    OpenRequest,
    PutCode,
    PutCredit,
    PutCustomer,
    PutIncident,
    PutViewing,
    Quarantine,
    SetWake,
    Suppress,
)
from storage.errors import StorageError
from storage.memory import Code, InboxKey, Key, Link
from storage.rights import Sheet
from storage.store import Store
from tests.cast import ALICE, BABAK, BABAKS_TELEGRAM, DAY, NOON, invited
from tests.storage.keepers import add, change, recall, stands, states, to
from tests.storage.test_store_ledger import VIDEO, booking
from tests.storage.test_store_reading import call

pytestmark = pytest.mark.anyio

GONE = "erased-00112233445566778899aabbccddeeff"
CONFIRMED = replace(VIDEO, state=CreditState.CONFIRMED)
MAILS = {ALICE.contacts[0].address.uri: b"alices", BABAKS_TELEGRAM.uri: b"babaks"}


async def live(store: Store) -> None:
    """Let every table hold something about Alice, and something about Babak."""
    await add(store, ALICE, replace(BABAK, contacts=(*BABAK.contacts, Contact(BABAKS_TELEGRAM))))
    for who in (ALICE, BABAK):
        keyed = who.number.encode()
        await change(
            store,
            stands(Journey(who.number, stage=Stage.INVITED)),
            call(who.number, 1, "C1", 0),
            SetWake(who.number, "goal", "settle", NOON),
            MintLink(keyed, Link(who.number, "page", NOON + DAY, None)),
            PutCode(Code(who.number, keyed, NOON, 0, 1, NOON)),
            PutViewing(Viewing(who.number, "film", 1000, NOON, ((0, 500),))),
            OpenRequest(who.number, Request.PERSON, "", NOON),
            replace(to(who.contacts[0].address.uri), customer=who.number),
        )
    await change(
        store,
        PutCredit(CONFIRMED),
        booking("reserve", "budget", f"liability:{ALICE.number}"),
        booking("deliver", f"liability:{ALICE.number}", f"delivered:{ALICE.number}"),
        PutIncident("I1", None, (ALICE.number, BABAK.number), NOON, None),
        Quarantine(InboxKey("crm", "Q1"), b'{"customer":"100001"}', "early", NOON, NOON + DAY),
        Quarantine(InboxKey("crm", "Q2"), b'{"customer":"100002"}', "early", NOON, NOON + DAY),
        Suppress(b"alices", "customer", NOON),
        CountStranger(b"babaks", NOON, NOON + DAY),
    )


async def held(store: Store, customer: str) -> dict[str, Sheet]:
    return {sheet.name: sheet for sheet in await store.rights.held(customer, MAILS)}


def erased(number: str = ALICE.number) -> Erase:
    return Erase(number, GONE, (f'"{number}"',))


async def test_everything_about_one_person_is_read_and_nothing_about_another(store: Store) -> None:
    await live(store)

    sheets = await held(store, ALICE.number)

    of_alice = {name: len(sheet.rows) for name, sheet in sheets.items() if sheet.rows}
    assert of_alice == {
        "customer": 1, "contacts": 1, "journey": 1, "events": 1, "messages": 1, "credits": 1,
        "credit_history": 1, "ledger": 4, "balances": 2, "requests": 1, "wakes": 1, "links": 1,
        "codes": 1, "viewings": 1, "incidents": 1, "suppressions": 1, "strangers": 1,
    }  # fmt: skip
    assert "100002" not in str({n: s for n, s in sheets.items() if n != "strangers"})
    customer = dict(zip(sheets["customer"].columns, sheets["customer"].rows[0], strict=True))
    assert (customer["customer"], customer["added_at"]) == (ALICE.number, NOON)


async def test_after_an_erasure_only_the_record_is_left_and_under_a_pseudonym(store: Store) -> None:
    await live(store)

    await change(store, erased(), PutCustomer(replace(ALICE, number=GONE, contacts=()), NOON))

    assert await store.dossier(ALICE.number) is None
    assert await store.customer_at(ALICE.contacts[0].address) is None
    left = {name: len(sheet.rows) for name, sheet in (await held(store, ALICE.number)).items()}
    assert [name for name, rows in left.items() if rows] == ["suppressions", "strangers"]
    kept = {name: sheet.rows for name, sheet in (await held(store, GONE)).items() if sheet.rows}
    assert set(kept) == {
        "customer", "credits", "credit_history", "ledger", "balances", "suppressions", "strangers",
    }  # fmt: skip
    memory = await recall(store, Key(credit=VIDEO.id))
    assert memory.credits == (replace(CONFIRMED, customer=GONE),)
    async with store.snapshot() as snapshot:
        assert (await snapshot.holdings("", 10))[-1].balances == (
            (f"delivered:{GONE}", 600),
            (f"liability:{GONE}", 0),
        )


async def test_an_erasure_leaves_others_as_they_are(store: Store) -> None:
    await live(store)
    before = await store.dossier(BABAK.number)

    await change(store, erased())

    assert await store.dossier(BABAK.number) == before
    [waiting] = await store.quarantined(NOON + DAY, 10)
    assert waiting.key == InboxKey("crm", "Q2")


async def test_nobody_rewrites_the_ledger_of_the_living(store: Store) -> None:
    await live(store)

    with pytest.raises(StorageError):
        await change(store, CloseBooks(ALICE.number, NOON))

    assert len((await held(store, ALICE.number))["ledger"].rows) == 4


async def test_books_are_carried_over_as_one_sum_and_every_total_stays(store: Store) -> None:
    await live(store)
    await change(store, erased(), PutCustomer(replace(ALICE, number=GONE, contacts=()), NOON))
    again = replace(CONFIRMED, customer=BABAK.number, id=VIDEO.id.__class__(int=7))
    given = (("budget", -600), (f"delivered:{BABAK.number}", 600))
    await change(store, PutCredit(again), Book(NOON, "deliver", BABAK.number, given, again.id))
    async with store.snapshot() as snapshot:
        before = await snapshot.balances()

    await change(store, CloseBooks(GONE, NOON + DAY))
    other = GONE.replace("ff", "fe")
    await change(store, Erase(BABAK.number, other, ()), CloseBooks(other, NOON + 2 * DAY))

    async with store.snapshot() as snapshot:
        assert await snapshot.balances() == before
        [past] = await snapshot.holdings("", 10)
    assert past.customer == "erased-past"
    assert [(b.what, b.at, dict(b.entries)) for b in past.ledger] == [
        ("carry", NOON + 2 * DAY, {"budget": -1200, "delivered:erased-past": 1200})
    ]
    assert dict(past.balances)["delivered:erased-past"] == 1200


async def test_old_bookings_are_listed_in_order(store: Store) -> None:
    await live(store)

    first = await store.rights.old_books(0, NOON + DAY, 1)
    rest = await store.rights.old_books(first[-1][0], NOON + DAY, 10)

    assert [who for _, who in (*first, *rest)] == [ALICE.number] * 2
    assert await store.rights.old_books(0, NOON, 10) == ()


async def test_a_history_goes_but_for_what_is_on_its_way(store: Store) -> None:
    await live(store)

    await change(store, DropHistory(ALICE.number))

    left = {name for name, sheet in (await held(store, ALICE.number)).items() if sheet.rows}
    assert not left & {"events", "viewings"}
    assert {"customer", "contacts", "journey", "messages", "requests", "links"} <= left
    assert await states(store) == [("ready", None)]


async def test_who_never_answered_is_listed_until_forgotten(store: Store) -> None:
    await add(store, ALICE, BABAK)
    await change(store, stands(invited(), "expired", NOON + DAY))
    await change(store, stands(replace(invited(), customer=BABAK.number), "declined", NOON))

    listed = await store.rights.lapsed(NOON + DAY, 10)
    await change(store, Erase(BABAK.number, GONE, ()))
    tombstone = PutCustomer(replace(BABAK, number=GONE, contacts=()), NOON)
    await change(store, tombstone, stands(replace(invited(), customer=GONE), "declined", NOON))

    assert listed == ((BABAK.number, NOON), (ALICE.number, NOON + DAY))
    assert await store.rights.lapsed(NOON + DAY, 10) == ((ALICE.number, NOON + DAY),)
    assert await store.rights.lapsed(NOON, 10) == ()


async def test_who_was_never_invited_is_found_after_a_while(store: Store) -> None:
    await add(store, ALICE, BABAK)
    await change(store, stands(replace(invited(), customer=BABAK.number), "invited", NOON))

    assert await store.rights.uninvited(NOON, 10) == (ALICE.number,)
    assert await store.rights.uninvited(NOON - DAY, 10) == ()
    await change(store, Erase(ALICE.number, GONE, ()))
    assert await store.rights.uninvited(NOON, 10) == ()


async def test_reports_before_a_consent_are_found_once_it_cannot_come(store: Store) -> None:
    await add(store, ALICE, BABAK)
    for who, state, n in ((ALICE, "expired", 1), (BABAK, "declined", 2)):
        where = stands(replace(invited(), customer=who.number), state, NOON + n * DAY)
        await change(store, where, call(who.number, 1, "C1", 0))
    ever = NOON - DAY

    late = await store.rights.held_early((ever, NOON + 3 * DAY), (ever, NOON + 3 * DAY), 10)
    soon = await store.rights.held_early((ever, NOON + DAY), (ever, NOON + DAY), 10)
    seen = await store.rights.held_early((NOON + DAY, NOON + 3 * DAY), (ever, ever), 10)
    await change(store, DropHistory(BABAK.number))
    left = await store.rights.held_early((ever, NOON + 3 * DAY), (ever, NOON + 3 * DAY), 10)

    assert late == ((ALICE.number, NOON + DAY), (BABAK.number, NOON + 2 * DAY))
    assert soon == left == ((ALICE.number, NOON + DAY),)
    assert seen == ()


async def test_what_has_ended_is_deleted_a_few_at_a_time(store: Store) -> None:
    await live(store)
    await change(store, Quarantine(InboxKey("telegram", "Q3"), b"?", "nobody can read it", NOON))
    soon, late = NOON + timedelta(hours=1), NOON + 2 * DAY

    assert await store.rights.drop_expired(soon, NOON - DAY, 10) == 2  # the codes
    assert await store.rights.drop_expired(late, soon, 1) == 2  # a link, a report
    assert await store.rights.drop_expired(late, soon, 10) == 1
    assert await store.rights.drop_expired(late, late, 10) == 0
    assert len(await store.quarantined(late, 10)) == 2  # these wait for their time


async def test_what_was_deleted_is_let_go_of(store: Store) -> None:
    await live(store)

    await change(store, erased())

    await store.rights.flush()
    assert await store.rights.scrub()
    assert await store.rights.rewrite()
    assert await store.dossier(BABAK.number) is not None
