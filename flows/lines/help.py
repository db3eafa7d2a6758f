"""Lines: help, people, data and language."""

from dataclasses import dataclass
from datetime import datetime

from flows.intent import Intent
from flows.lines.line import Line


@dataclass(frozen=True, slots=True)
class TopicAnswered(Line):
    """The answer to a question, and where it is done online."""

    offers = (Intent.PERSON,)
    topic: str


@dataclass(frozen=True, slots=True)
class TopicsOffered(Line):
    """Several topics may be meant: which one? A number, a title or a button answers."""

    offers = (Intent.PERSON,)
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsentAwaited(Line):
    """Behind the answer to a question: the consent still waits for a yes or a no."""

    offers = (Intent.JOIN, Intent.DECLINE)
    version: str


@dataclass(frozen=True, slots=True)
class Help(Line):
    """What can be said here, and the hotline's number."""

    offers = (Intent.STATUS, Intent.NEXT, Intent.PERSON, Intent.TERMS)
    is_member: bool


@dataclass(frozen=True, slots=True)
class Misunderstood(Line):
    """The first time something was not understood."""

    offers = (Intent.HELP, Intent.STATUS, Intent.PERSON)


@dataclass(frozen=True, slots=True)
class CourtesyReturned(Line):
    """Only a greeting or thanks came: we are there, and say how to go on."""

    offers = (Intent.HELP, Intent.STATUS)


@dataclass(frozen=True, slots=True)
class SignsSeen(Line):
    """Only emoji or other signs came: words are needed."""

    offers = (Intent.HELP, Intent.STATUS)


@dataclass(frozen=True, slots=True)
class AngerHeard(Line):
    """Somebody is angry: we are sorry, and a person will gladly help."""

    offers = (Intent.PERSON, Intent.HELP)


@dataclass(frozen=True, slots=True)
class LanguageUnknown(Line):
    """Which languages are understood here, said in each of them; a person and the hotline."""

    offers = (Intent.PERSON,)


@dataclass(frozen=True, slots=True)
class HotlineOffered(Line):
    """The second time in a row: a person has been asked; the hotline, plainly.

    `from_`: from when on somebody is there, None if somebody is there now.
    """

    offers = (Intent.STATUS,)
    from_: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonCalled(Line):
    """A person will answer here, and from when on; the hotline for those who cannot wait."""

    from_: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonAnswered(Line):
    """What a person of ours wrote, signed with a first name."""

    offers = (Intent.PERSON,)
    text: str
    name: str


@dataclass(frozen=True, slots=True)
class TermsShown(Line):
    """Where the whole terms stand, their version, and the hotline rule in one sentence."""

    version: str
    months: int


@dataclass(frozen=True, slots=True)
class DataOffered(Line):
    """Where everything that is kept about the customer can be had, as a file."""


@dataclass(frozen=True, slots=True)
class EraseAsked(Line):
    """Erasing is asked for once more, naming what is lost and what stays."""

    offers = (Intent.ERASE, Intent.DECLINE)
    megabytes: int


@dataclass(frozen=True, slots=True)
class DataErased(Line):
    """The last message: the data are erased; what stays without a name, and why.

    `has_record`: there was a consent, hence a proof of it, and there may be bookings.
    """

    has_record: bool


@dataclass(frozen=True, slots=True)
class CodeShown(Line):
    """The code that opens one's own data on the page, or erases them, and how long it holds."""

    code: str
    minutes: int
    erases: bool


@dataclass(frozen=True, slots=True)
class LanguageChanged(Line):
    """From now on in this language."""

    offers = (Intent.STATUS, Intent.NEXT)


@dataclass(frozen=True, slots=True)
class Emergency(Line):
    """Call 112 (police 110); this is no emergency service. Nothing else."""
