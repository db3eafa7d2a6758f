"""The buttons below a text: the places it opens, then what can be answered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from flows import lines
from flows.intent import Intent
from flows.lines import Line
from messages.topic_texts import TopicTexts
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
    topic: str | None = None


class Tongue(Protocol):
    """What is said in one language: the words of its buttons and its help topics."""

    @property
    def vocabulary(self) -> Vocabulary:
        """Give the words."""

    @property
    def topics(self) -> TopicTexts:
        """Give the topics."""


def buttons(line: Line, name: str, tongue: Tongue, places: Places) -> tuple[Button, ...]:
    """Give the buttons of a line; what this language has no word for is left out."""
    vocabulary, topics = tongue.vocabulary, tongue.topics
    leading = (*_leading(line, vocabulary, places), *_of_topics(line, vocabulary, topics))
    labels = ((vocabulary.label(name, intent), intent) for intent in line.offers)
    return (*leading, *(Button(label, intent) for label, intent in labels if label))


def _leading(line: Line, vocabulary: Vocabulary, places: Places) -> list[Button]:
    if isinstance(line, lines.NotInvited):
        return [Button(vocabulary.share_number)] if vocabulary.share_number else []
    place = opens(line)
    label = vocabulary.opens.get(place) if place else None
    url = _url(place, places) if place and label else None
    return [Button(label, url=url)] if label and url else []


def _of_topics(line: Line, vocabulary: Vocabulary, topics: TopicTexts) -> Iterator[Button]:
    """Lead to a topic's place in the portal, or to the topics that may be meant."""
    match line:
        case lines.TopicAnswered(topic=topic):
            label = vocabulary.opens.get(Place.PORTAL)
            if label:
                yield Button(label, url=topics.link(topic))
        case lines.TopicsOffered(topics=offered):
            for topic in offered:
                yield Button(topics.title(topic), Intent.QUESTION, topic=topic)
        case _:
            return


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
