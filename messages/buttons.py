"""The buttons below a text: the places it opens, then what can be answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from flows import lines
from flows.intent import Intent
from flows.lines import Line
from messages.vocabulary import Place, Vocabulary

_STEPS: Mapping[str, Place] = {"video": Place.FILM, "app": Place.APP}


class Places(Protocol):
    """Where buttons lead one customer; each is made when it is first asked for."""

    @property
    def page(self) -> str | None:
        """Give the customer's programme page; None if there is none."""

    @property
    def film(self) -> str:
        """Give the place of the film that explains the invoice."""

    @property
    def app(self) -> str:
        """Give the place from which the app is installed."""

    @property
    def portal(self) -> str:
        """Give the place of the self-service portal."""


@dataclass(frozen=True, slots=True)
class Button:
    """A choice below a text: what it says and means, or the place that it opens.

    With neither it asks for the phone number of whoever presses it.
    """

    label: str
    intent: Intent | None = None
    url: str | None = None


def buttons(line: Line, name: str, vocabulary: Vocabulary, places: Places) -> tuple[Button, ...]:
    """Give the buttons of a line; what this language has no word for is left out."""
    leading = tuple(_leading(line, vocabulary, places))
    labels = ((vocabulary.label(name, intent), intent) for intent in line.offers)
    return (*leading, *(Button(label, intent) for label, intent in labels if label))


def _leading(line: Line, vocabulary: Vocabulary, places: Places) -> list[Button]:
    if isinstance(line, lines.NotInvited):
        return [Button(vocabulary.share_number)] if vocabulary.share_number else []
    place = opens(line)
    label = vocabulary.opens.get(place) if place else None
    url = _url(place, places) if place and label else None
    return [Button(label, url=url)] if label and url else []


def opens(line: Line) -> Place | None:
    """Tell which place a line leads to, None if it is to be read only."""
    match line:
        case lines.NextStep(step=step):
            return _STEPS.get(step, Place.PORTAL)
        case lines.StepReminder(steps=(first, *_)):
            return _STEPS.get(first, Place.PORTAL)
        case lines.InactivityWarning():
            return Place.PORTAL
        case (
            lines.Enrolled()
            | lines.StatusSteps()
            | lines.StatusStreak()
            | lines.StatusSettling()
            | lines.StatusDone()
        ):
            return Place.PAGE
        case _:
            return None


def _url(place: Place, places: Places) -> str | None:
    match place:
        case Place.PAGE:
            return places.page
        case Place.FILM:
            return places.film
        case Place.APP:
            return places.app
        case Place.PORTAL:
            return places.portal
