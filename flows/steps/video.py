"""Watching the film that explains the invoice, or reading its transcript."""

from flows.campaign import Campaign
from flows.events import Event, VideoWatched
from flows.steps.step import Step


def _is_shown_by(event: Event, terms: Campaign) -> bool:
    return isinstance(event, VideoWatched) and (
        event.has_read_transcript or event.share >= terms.steps.film_share
    )


VIDEO = Step("video", _is_shown_by)
