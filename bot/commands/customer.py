"""`customer`: one customer's state, its history, and why it stands so."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from bot.card import flags, next_of
from bot.commands.house import OpenHouse
from bot.commands.showing import Json, as_json, facts, moment, table, wall
from bot.commands.telling import (
    Reasons,
    call_rows,
    credit_row,
    event_row,
    message_rows,
    request_rows,
)
from flows import standing
from flows.campaign import Campaign
from flows.customer import Customer
from flows.journey import Journey
from flows.steps.streak import window
from storage.memory import CreditRow
from storage.reading import Dossier, JournalRow

_MESSAGES = 10  # the latest; all of them are in the export


def show_json(dossier: Dossier, house: OpenHouse, *, why: bool) -> None:
    """Write a customer for programs (design 1.10)."""
    customer, journey, terms = _of(dossier, house)
    shown: dict[str, Json] = {
        "customer": customer.number,
        "addresses": [contact.address.uri for contact in customer.contacts],
        "language": journey.language if journey else customer.language,
        "state": _state(journey, terms),
        "step": standing.step_of(journey, terms) if journey else None,
        "flags": list(flags(customer.contacts, journey)),
        "consent": _consent(journey),
        "credits": [_credit(credit) for credit in dossier.memory.credits],
        "streak": _streak(journey, terms),
        "next": _next(dossier),
    }
    if why:
        shown["why"] = [_reason(row) for row in dossier.journal]
    as_json(shown)


def show(dossier: Dossier, house: OpenHouse, *, why: bool) -> None:
    """Write a customer for people: where they stand, their credits, and with `why` how it came."""
    customer, journey, terms = _of(dossier, house)
    zone = terms.zone
    facts(
        f"Customer {customer.number}",
        [
            ("state", _state(journey, terms) or "imported, not invited"),
            ("step", standing.step_of(journey, terms) if journey else ""),
            ("flags", ", ".join(flags(customer.contacts, journey))),
            ("addresses", ", ".join(contact.address.value for contact in customer.contacts)),
            ("language", journey.language if journey else customer.language),
            ("consent", _consent_line(journey, zone)),
            ("streak", _streak_line(journey, terms)),
            ("next", _next_line(dossier, zone)),
        ],
    )
    if why and journey is not None:
        facts("\nWhy", [("", reason) for reason in Reasons(dossier, journey, terms).all()])
    earned = [credit_row(credit, zone) for credit in dossier.memory.credits]
    table(("credit", "MB", "state", "since", "their id", ""), earned)
    if journey is not None:
        table(("call", "length", "reason", "what it means"), list(call_rows(journey, terms)))
    table(("waits", "since", "for", "about"), list(request_rows(dossier, zone)))
    if why:
        rows = [event_row(row, zone) for row in dossier.journal]
        table(("at", "event", "from", "led to"), rows)
    else:
        said = list(message_rows(dossier, _MESSAGES, zone))
        table(("said", "by", "message", "state"), said)


def _of(dossier: Dossier, house: OpenHouse) -> tuple[Customer, Journey | None, Campaign]:
    customer, journey = dossier.memory.customer, dossier.memory.journey
    # After an erasure the customer is gone and the journey stays, under its number.
    known = customer or Customer(journey.customer if journey else "")
    return known, journey, house.terms.of(journey)


def _state(journey: Journey | None, terms: Campaign) -> str | None:
    """Name the state; somebody who was imported and not invited has none."""
    return standing.state_of(journey, terms).value if journey else None


def _consent(journey: Journey | None) -> Mapping[str, Json] | None:
    if journey is None or journey.consent is None:
        return None
    consent = journey.consent
    return {
        "at": moment(consent.at),
        "version": consent.version,
        "text_hash": consent.text_hash,
        "message_id": consent.message_id,
    }


def _consent_line(journey: Journey | None, zone: ZoneInfo) -> str:
    if journey is None or journey.consent is None:
        return ""
    consent = journey.consent
    return f"{wall(consent.at, zone)}, terms {consent.version}, by {consent.channel}"


def _credit(credit: CreditRow) -> Mapping[str, Json]:
    return {
        "id": str(credit.id),
        "step": credit.step,
        "cycle": credit.cycle,
        "megabytes": credit.megabytes,
        "state": credit.state.value,
        "provider_id": credit.provider_id,
        "earned_at": moment(credit.earned_at),
    }


def _streak(journey: Journey | None, terms: Campaign) -> Mapping[str, Json] | None:
    span = window(journey, terms) if journey else None
    if span is None or journey is None:
        return None
    return {
        "start": moment(span.start),
        "end": moment(span.end),
        "months": journey.months_told,
    }


def _streak_line(journey: Journey | None, terms: Campaign) -> str:
    span = window(journey, terms) if journey else None
    if span is None or journey is None:
        return ""
    months = f"month {journey.months_told} of {terms.streak.months}"
    return f"{months}, {wall(span.start, terms.zone)} to {wall(span.end, terms.zone)}"


def _next(dossier: Dossier) -> Mapping[str, Json] | None:
    due = next_of(dossier)
    return {"what": due[1], "at": moment(due[0])} if due else None


def _next_line(dossier: Dossier, zone: ZoneInfo) -> str:
    due = next_of(dossier)
    return f"{due[1].replace('_', ' ')}, {wall(due[0], zone)}" if due else ""


def _reason(row: JournalRow) -> Mapping[str, Json]:
    return {
        "at": moment(row.at),
        "event": row.kind,
        "id": str(row.n),
        "effect": row.effects,
        "source": row.source,
    }
