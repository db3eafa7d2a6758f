"""A card says of one customer what people ask first: flags, and what comes next."""

from datetime import datetime

from flows.customer import Contact
from flows.journey import Journey
from storage.reading import Dossier


def flags_of(
    contacts: tuple[Contact, ...], *, is_silent: bool, is_accessible: bool
) -> tuple[str, ...]:
    """Name what holds beside the state: opted out, blocked, accessible."""
    flags = {
        "opted_out": is_silent or any(contact.opted_out_at for contact in contacts),
        "blocked": any(contact.blocked_at for contact in contacts),
        "accessible": is_accessible,
    }
    return tuple(name for name, holds in flags.items() if holds)


def flags(contacts: tuple[Contact, ...], journey: Journey | None) -> tuple[str, ...]:
    """Name the flags of a customer with a journey, or without one yet."""
    return flags_of(
        contacts,
        is_silent=journey is not None and journey.is_silent,
        is_accessible=journey is not None and journey.is_accessible,
    )


def next_of(dossier: Dossier) -> tuple[datetime, str] | None:
    """Give the next thing that will happen by itself, and when."""
    return min(((wake.at, wake.what) for wake in dossier.wakes), default=None)
