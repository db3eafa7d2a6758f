"""Installing the app: its first authenticated start, not the download."""

from flows.campaign import Campaign
from flows.events import AppInstalled, Event
from flows.steps.step import Step


def _is_shown_by(event: Event, terms: Campaign) -> bool:
    del terms
    return isinstance(event, AppInstalled)


APP = Step("app", _is_shown_by)
