"""Broadcasts in the store: who is counted, who is planned, and the oracle both agree with."""

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from flows.audience import Profile, fits, read_audience
from flows.broadcast import BroadcastState, Candidate, Draft, exclusion, fingerprint
from flows.customer import Address, Basis, Channel, Contact, Customer
from flows.journey import Journey, Stage
from storage.broadcasts import Asked, Audience, BroadcastRow, Compose, Composed, Group
from storage.changes import Audit, MintLink, PutContact, PutCustomer, PutJourney
from storage.memory import Key, Link, Memory
from storage.store import Store
from tests.cast import ALICE, DAY, NOON, invited
from tests.soak import SOAK
from tests.storage.keepers import add, bodies, change, claim, recall, sent, to

pytestmark = pytest.mark.anyio

STATES = ("invited", "steps", "streak", "held_out")
SCHEMES = {"tel": Channel.SMS, "telegram": Channel.TELEGRAM, "mailto": Channel.EMAIL}
AUDIENCES = (
    "state:invited,steps,streak,held_out",
    "state:streak month:>=2 -attribute.tariff:blue",
    "step:app language:de",
    "channel:telegram -state:held_out",
    "inactive:>10",
    "-customer:300003 attribute.tariff:red,blue",
)
AUDIT = Audit(NOON, "9001", "broadcast draft", "")


def audience(text: str, schemes: tuple[str, ...] = tuple(SCHEMES)) -> Audience:
    """Ask for an audience that nobody has written to yet."""
    return Audience(read_audience(text), schemes, NOON, 2, 6)


def somebody(n: int, chance: random.Random) -> tuple[Customer, PutJourney | None]:
    """Make a customer of any kind."""
    number, language = f"{300_000 + n}", chance.choice(("de", "en"))
    contacts = tuple(
        Contact(
            Address(uri),
            opted_out_at=chance.choice((None, None, None, NOON)),
            blocked_at=chance.choice((None, None, NOON)),
            used_at=chance.choice((None, NOON - timedelta(hours=chance.randrange(9)))),
        )
        for uri in (f"tel:+4917{n:09}", f"telegram:{n + 1}", f"mailto:{n}@example.org")
        if chance.random() < 0.5
    )
    tariff = chance.choice(("red", "blue", None))
    attributes = (("tariff", tariff),) if tariff else ()
    basis = chance.choice((Basis.CONSENT, Basis.CONSENT, None))
    customer = Customer(number, language, basis, contacts, attributes)
    return customer, _journey(number, chance) if chance.random() < 0.9 else None


def _journey(number: str, chance: random.Random) -> PutJourney:
    state = chance.choice(STATES)
    journey = replace(
        invited(),
        customer=number,
        language=chance.choice(("de", "en")),
        stage=Stage.HELD_OUT if state == "held_out" else Stage.MEMBER,
        enrolled_at=chance.choice((None, NOON - 20 * DAY)),
        used_portal_at=chance.choice((None, NOON - 5 * DAY)),
        is_silent=chance.random() < 0.1,
        months_told=chance.randrange(5),
    )
    return PutJourney(journey, state, chance.choice(("app", "video")), journey.months_told, NOON)


def profile(customer: Customer, put: PutJourney | None) -> Profile:
    """Say the same as flows sees it."""
    journey = put.journey if put else None
    seen = journey and (journey.used_portal_at or journey.enrolled_at)
    return Profile(
        customer=customer.number,
        state=put.state if put else "",
        step=put.step if put else "",
        month=put.month if put else 0,
        language=journey.language if journey else customer.language,
        channels=frozenset(contact.address.channel for contact in customer.contacts),
        inactive_days=(NOON - seen).days if seen else 0,
        attributes=dict(customer.attributes),
    )


def fate(customer: Customer, put: PutJourney | None, schemes: tuple[str, ...]) -> tuple[str, str]:
    """Tell who would get it which way, or why not: the reason, and the best address' channel."""
    on = {SCHEMES[scheme] for scheme in schemes}
    rank = (Channel.TELEGRAM, Channel.SMS, Channel.EMAIL)
    far = datetime.min.replace(tzinfo=NOON.tzinfo)
    ways = sorted(
        (c for c in customer.contacts if c.address.channel in on),
        key=lambda c: (
            c.opted_out_at is not None,
            c.opted_out_at is None and c.blocked_at is not None,
            -((c.used_at or far) - far).total_seconds(),
            rank.index(c.address.channel),
        ),
    )
    best, journey = next(iter(ways), None), put.journey if put else None
    found = exclusion(
        Candidate(
            state=put.state if put else "",
            has_basis=customer.basis is not None and put is not None,
            has_address=best is not None,
            is_opted_out=bool(
                (journey and journey.is_silent) or (best and best.opted_out_at is not None)
            ),
            is_blocked=bool(best and best.blocked_at is not None),
        )
    )
    return found or "", best.address.channel if best else ""


def counted(groups: tuple[Group, ...]) -> Counter[tuple[str, str, str]]:
    """Count people by why they are passed over, else by language and channel."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for group in groups:
        channel = SCHEMES[group.scheme] if group.scheme else ""
        who = (group.reason, "", "") if group.reason else ("", group.language, channel)
        counts[who] += group.count
    return counts


@pytest.mark.parametrize("seed", range(2 * SOAK))
async def test_who_is_counted_is_who_the_rules_name(store: Store, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed reproduces the run
    people = [somebody(n, chance) for n in range(60)]
    for customer, _ in people:
        await change(store, PutCustomer(replace(customer, language="de", contacts=()), NOON))
    for customer, put in people:  # what is known follows what changes
        puts = [PutContact(customer.number, contact) for contact in customer.contacts[:1]]
        await change(store, PutCustomer(customer, NOON), *puts, *([put] if put else []))

    for text in AUDIENCES:
        for schemes in (tuple(SCHEMES), ("tel", "telegram"), ("tel",)):
            asked = Asked(("tariff",), has_customer=True, has_month=True)
            looks = [
                await store.broadcasts.survey(audience(text, schemes), asks)
                for asks in (Asked(), asked)
            ]

            terms = read_audience(text)
            expected = Counter(
                (reason, "", "") if reason else ("", profile(*one).language, way)
                for one in people
                if fits(terms, profile(*one))
                for reason, way in (fate(*one, schemes),)
            )
            assert [counted(look) for look in looks] == [expected, expected]


async def test_facts_tell_texts_of_different_lengths_apart(store: Store) -> None:
    for n, city in enumerate(("Ulm", "Bad", "Köln", "Kiel", "")):
        phone = (Contact(Address(f"tel:+4917{n:09}")),)
        attributes = (("city", city),) if city else ()
        customer = Customer(f"{300_000 + n}", "de", Basis.CONSENT, phone, attributes)
        journey = Journey(customer.number, stage=Stage.MEMBER)
        put = PutJourney(journey, "steps", "app", 0, NOON)
        await change(store, PutCustomer(customer, NOON), put)

    groups = await store.broadcasts.survey(audience("state:steps"), Asked(("city",)))

    told = {group.attributes[0]: group.count for group in groups}
    assert told == {"Ulm": 2, "Köln": 2, None: 1}


async def test_a_customer_who_goes_is_in_no_audience(store: Store) -> None:
    customer, _ = somebody(0, random.Random(1))  # noqa: S311 - a seed reproduces the run
    journey = Journey(customer.number, stage=Stage.MEMBER)
    put = PutJourney(journey, "steps", "app", 0, NOON)
    await change(store, PutCustomer(customer, NOON), put)

    before = await store.broadcasts.survey(audience("state:steps"), Asked())
    await change(store, replace(put, state="left"))

    assert sum(group.count for group in before) == 1
    assert await store.broadcasts.survey(audience("state:steps"), Asked()) == ()


async def test_who_was_erased_is_in_no_audience_and_still_counts(store: Store) -> None:
    for number in ("300000", "erased-0f3a"):
        put = PutJourney(Journey(number, stage=Stage.MEMBER), "steps", "app", 0, NOON)
        await change(store, PutCustomer(Customer(number, "de", Basis.CONSENT), NOON), put)

    for asked in (Asked(), Asked(has_megabytes=True)):
        groups = await store.broadcasts.survey(audience("-state:streak"), asked)
        assert [(group.reason, group.sample) for group in groups] == [("no_address", "300000")]
    assert [kind.number for kind in await store.broadcasts.census()] == [2]


async def test_what_is_planned_is_counted_and_nobody_is_planned_twice(store: Store) -> None:
    chance = random.Random(7)  # noqa: S311 - a seed reproduces the run
    people = [somebody(n, chance) for n in range(700)]
    changes = [change for one in people for change in (PutCustomer(one[0], NOON), one[1]) if change]
    await change(store, *changes)
    draft = Draft({"de": "Hallo"}, "state:steps,streak,invited,held_out", "9001")
    row = BroadcastRow(0, draft, fingerprint(draft), BroadcastState.DRAFT, NOON)
    keeper = store.broadcasts
    number = await keeper.draft(row, AUDIT)
    asked = replace(audience(draft.audience), broadcast=number)
    await keeper.move(number, lambda row: (replace(row, state=BroadcastState.RUNNING), ()))

    while await keeper.plan(number, asked):
        pass

    groups = await keeper.survey(asked, Asked())
    counts, rows = await keeper.counts(number), await keeper.report(number, "", 1000)
    assert counts.states == {"planned": sum(g.count for g in groups if g.reason is None)}
    assert sum(counts.excluded.values()) == sum(g.count for g in groups if g.reason)
    assert len({row.customer for row in rows}) == len(rows) == sum(g.count for g in groups)
    assert not await keeper.plan(number, asked)


async def test_a_census_counts_everybody_by_where_they_stand(store: Store) -> None:
    for n in range(3):
        journey = Journey(f"{300_000 + n}", stage=Stage.MEMBER)
        put = PutJourney(journey, "streak", "streak", n // 2, NOON)
        await change(store, PutCustomer(Customer(journey.customer, "de", None), NOON), put)
    await change(store, PutCustomer(Customer("400000", "de", None), NOON))

    found = await store.broadcasts.census()

    assert {(c.state, c.step, c.month): c.number for c in found} == {
        ("streak", "streak", 0): 2,
        ("streak", "streak", 1): 1,
        ("", "", 0): 1,
    }


async def test_what_is_held_back_leaves_as_much_later_as_it_was_held(store: Store) -> None:
    later, keeper = timedelta(hours=3), store.broadcasts
    early, other = replace(to("telegram:1"), line="Invitation"), to("telegram:2", "other")
    await change(store, early, other)

    held = [await keeper.hold(("Invitation",)) for _ in range(2)]
    meanwhile = await bodies(store, NOON + DAY)
    released = [await keeper.release(("Invitation",), later, DAY) for _ in range(2)]
    at_first = await bodies(store, NOON + later - timedelta(seconds=1))
    in_time = await bodies(store, NOON + later)

    assert (held, released) == ([1, 0], [1, 0])
    assert (meanwhile, at_first, in_time) == (["other"], [], ["Hello"])


async def test_when_the_last_of_a_line_leaves_is_known_unless_it_is_held(store: Store) -> None:
    keeper, lines = store.broadcasts, ("Invitation",)
    waiting = [replace(to(f"telegram:{n}", due=NOON + n * DAY), line="Invitation") for n in (1, 3)]
    nobody = await keeper.last_waiting(lines)
    await change(store, *waiting, to("telegram:9", due=NOON + 9 * DAY))

    assert nobody is None
    assert await keeper.last_waiting(lines) == NOON + 3 * DAY
    await keeper.hold(lines)
    assert await keeper.last_waiting(lines) is None


async def test_what_was_held_for_too_long_is_stale(store: Store) -> None:
    keeper, worth = store.broadcasts, timedelta(days=30)
    invitation = replace(to("telegram:1"), line="Invitation", use_by=NOON + 10 * DAY)
    endless = replace(to("telegram:2", "endless"), line="Invitation")
    await change(store, invitation, endless)
    await keeper.hold(("Invitation",))

    await keeper.release(("Invitation",), 31 * DAY, worth)

    assert await bodies(store, NOON + 31 * DAY) == ["endless"]


@pytest.mark.parametrize(
    ("paused", "lines", "meanwhile"),
    [("invitations", ("Invitation",), ["asked", "other"]), ("campaign", None, ["asked"])],
)
async def test_what_is_queued_during_a_pause_waits_from_the_start(
    store: Store, paused: str, lines: tuple[str, ...] | None, meanwhile: list[str]
) -> None:
    keeper, asked = store.broadcasts, to("telegram:2", "asked")
    invitation = replace(to("telegram:1"), line="Invitation", is_unasked=True)
    other = replace(to("telegram:3", "other"), is_unasked=True)
    await add(store, ALICE)
    for row in (invitation, asked, other):
        await change(store, PutContact(ALICE.number, Contact(Address(row.recipient))))
    await store.put(f"{paused}.paused_at", NOON.isoformat())

    await change(store, invitation, asked, other)
    left = await bodies(store, NOON + DAY)
    await store.put(f"{paused}.paused_at", "")
    released = await keeper.release(lines, timedelta(), DAY)

    assert sorted(left) == meanwhile
    assert released == 3 - len(meanwhile)
    assert "Hello" in await bodies(store, NOON + DAY)


async def test_where_a_card_stands_is_known_once_it_has_arrived(store: Store) -> None:
    card = replace(to("telegram:9001"), line="Card", customer=None, about="card.7 chat m1")
    await change(store, card)

    before = await store.get("card.7")
    (row,) = await claim(store)
    await sent(store, row, "9001:55")

    assert before is None
    assert json.loads(await store.get("card.7") or "") == {
        "chat": "telegram:9001",
        "ref": "9001:55",
    }


async def test_the_outbox_is_fed_by_a_valve(store: Store) -> None:
    keeper, number = store.broadcasts, await _planned(store, 60)

    fed = [await keeper.feed(number, _worded, 25, NOON) for _ in range(8)]
    waiting = await claim(store)
    for row in waiting[:10]:
        await sent(store, row, f"SM{row.id}")
    more = [await keeper.feed(number, _worded, 25, NOON) for _ in range(4)]

    assert (sum(fed), len(waiting), sum(more)) == (25, 25, 10)
    link = (await recall(store, Key(link_hash=b"300000"))).link
    assert link is not None
    assert link.customer == "300000"


def said(about: str) -> Compose:
    def compose(memory: Memory, attempt: int) -> Composed:
        assert memory.customer is not None
        words = to(memory.customer.contacts[0].address.uri, about)
        customer, known = memory.customer.number, f"{about}/{attempt}"
        return Composed(replace(words, customer=customer, line="Broadcast", about=known))

    return compose


def _worded(memory: Memory, attempt: int) -> Composed | str:
    customer = memory.customer
    if customer is None:
        return "no_address"
    words = to(customer.contacts[0].address.uri)
    about = f"B1/{customer.number}/{attempt}"
    row = replace(words, customer=customer.number, line="Broadcast", about=about)
    way_out = Link(customer.number, "unsubscribe", NOON + DAY, None)
    return Composed(row, (MintLink(customer.number.encode(), way_out),))


async def _planned(store: Store, many: int) -> int:
    """Let a broadcast to so many members run, and plan all of them."""
    for n in range(many):
        phone = (Contact(Address(f"tel:+4917{n:09}")),)
        customer = Customer(f"{300_000 + n}", "de", Basis.CONSENT, phone)
        put = PutJourney(Journey(customer.number, stage=Stage.MEMBER), "steps", "app", 0, NOON)
        await change(store, PutCustomer(customer, NOON), put)
    draft = Draft({"de": "Hallo"}, "state:steps", "9001")
    row = BroadcastRow(0, draft, fingerprint(draft), BroadcastState.DRAFT, NOON)
    keeper = store.broadcasts
    number = await keeper.draft(row, AUDIT)
    await keeper.move(number, lambda row: (replace(row, state=BroadcastState.RUNNING), ()))
    while await keeper.plan(number, audience(draft.audience)):
        pass
    return number
