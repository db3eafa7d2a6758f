"""The life of a campaign: from a draft over its beginning, and pauses, to its end."""

from datetime import datetime
from enum import StrEnum

from flows.campaign import Campaign


class Life(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


def life_of(terms: Campaign, now: datetime, *, is_paused: bool) -> Life:
    """Tell where a campaign stands: what a person has decided goes before the calendar."""
    if terms.is_draft:
        return Life.DRAFT
    if is_paused:
        return Life.PAUSED
    if terms.ends_at is not None and now > terms.ends_at:
        return Life.ENDED
    if terms.starts_at is not None and now < terms.starts_at:
        return Life.SCHEDULED
    return Life.ACTIVE


def closed(terms: Campaign, now: datetime) -> str:
    """Say why nobody new can be invited or written to many; empty if they can."""
    match life_of(terms, now, is_paused=False):
        case Life.DRAFT:
            return "the campaign is a draft (is_draft in its file); take that out first"
        case Life.ENDED:
            return f"the campaign has ended on {terms.ends_at:%Y-%m-%d} (ends_at in its file)"
        case Life.SCHEDULED | Life.ACTIVE | Life.PAUSED:
            return ""
