"""The cast: the people every test knows, and the terms they live under.

Their numbers come from ranges that the Bundesnetzagentur sets aside for film and fiction.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from flows.advance import advance
from flows.campaign import Calls, Campaign, Operator, Steps
from flows.customer import Address, Basis, Channel, Contact, Customer
from flows.events import (
    AppInstalled,
    ConsentShown,
    CreditMoved,
    Event,
    Heard,
    Invited,
    PortalRegistered,
    VideoWatched,
)
from flows.intent import Intent
from flows.journey import Journey, Outcome

NOON = datetime(2026, 12, 1, 11, tzinfo=UTC)  # a Tuesday, noon in Berlin
DAY = timedelta(days=1)

OPERATOR = Operator(
    brand="Nordlicht Mobil",
    hotline="030 23125 100",
    portal_url="https://portal.nordlicht.example",
    app_url="https://nordlicht.example/app",
    terms_url="https://nordlicht.example/sh",
)
REWARDS = {"registration": 600, "video": 600, "app": 600, "streak": 1800}
CALLS = Calls(
    counted_reasons=frozenset({"bill", "tariff"}),
    exempt_reasons=frozenset({"fault", "complaint", "cancellation", "loss", "fraud"}),
)
TERMS = Campaign(
    name="online-statt-hotline",
    version="1",
    operator=OPERATOR,
    steps=Steps(REWARDS),
    calls=CALLS,
)


def _customer(number: str, address: str, language: str) -> Customer:
    contacts = (Contact(Address(address)),)
    return Customer(number, language, Basis.CONSENT, contacts)


ALICE = _customer("100001", "tel:+491713920011", "en")
BABAK = _customer("100002", "tel:+491713920012", "de")
CAROL = _customer("100003", "tel:+491713920013", "de")  # has opted out
HEDY = _customer("100004", "tel:+491713920014", "de")  # held out of the programme
BABAKS_TELEGRAM = Address("telegram:700002")
MONA = 9001  # a manager
OTTO = 9002  # an approver
VERA = 9003  # a viewer
STRANGER = Address("tel:+491713920099")


def after(journey: Journey, *events: Event, terms: Campaign = TERMS) -> Journey:
    """Let these events happen, one after the other."""
    for event in events:
        journey = advance(journey, event, terms).journey
    return journey


def says(outcome: Outcome) -> tuple[str, ...]:
    """Name the lines that are said."""
    return tuple(type(e.line).__name__ for e in outcome.effects if hasattr(e, "line"))


def heard(intent: Intent, at: datetime = NOON, **rest: object) -> Heard:
    """Alice says something by SMS."""
    said = Heard(at=at, intent=intent, channel=Channel.SMS, message_id=f"SM-{at.isoformat()}")
    return replace(said, **rest)  # type: ignore[arg-type]


def invited(at: datetime = NOON) -> Journey:
    """Alice, invited."""
    return after(Journey("100001", "en"), Invited(at=at))


def member(at: datetime = NOON, terms: Campaign = TERMS) -> Journey:
    """Alice, who has consented."""
    shown = ConsentShown(at=at, text_hash="hash", version=terms.version, language="en")
    said = heard(Intent.JOIN, at)
    return after(invited(at), said, shown, said, terms=terms)


def on_streak(at: datetime = NOON, terms: Campaign = TERMS) -> Journey:
    """Alice, who has done all steps and was credited for them."""
    done = (
        PortalRegistered(at=at),
        VideoWatched(at=at, share=1),
        AppInstalled(at=at),
    )
    booked = (CreditMoved(at=at, step=step, is_confirmed=True) for step in terms.tasks)
    return after(member(at, terms), *done, *booked, terms=terms)
