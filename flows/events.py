"""What can happen, in the past tense. `at` is when it happened, `known_at` when we heard of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flows.customer import Channel
from flows.intent import Intent, Remark


class Feed(StrEnum):
    """A source of events that states up to when it is complete (its watermark)."""

    HOTLINE = "hotline"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to one customer."""

    at: datetime
    known_at: datetime | None = None

    @property
    def now(self) -> datetime:
        """Give the moment at which the answer is given."""
        return self.known_at or self.at


# --- From ourselves -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited(Event):
    """A manager invited the customer, or held them out of the programme on purpose."""

    is_held_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Woke(Event):
    """A moment that the journey asked for has come; with what is known of the feeds then."""

    slot: str = ""
    watermarks: tuple[tuple[Feed, datetime], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFreed(Event):
    """There is budget again for somebody on the waiting list."""


# --- From the customer --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard(Event):
    """The customer said or tapped something. `has_room`: the budget bears one more member.

    Of a free text: the one `topic` that it is clearly about, or those that may be meant
    (`offered`), the number that was picked of an offer, what it is else (`remark`), whether a
    person of ours is talking with the customer (`is_attended`) or has answered within the last day
    (`follows_answer`). The words themselves are never in here, for this is kept for good.
    """

    intent: Intent
    channel: Channel
    message_id: str = ""
    language: str | None = None
    has_room: bool = True
    topic: str | None = None
    offered: tuple[str, ...] = ()
    pick: int | None = None
    remark: Remark | None = None
    is_attended: bool = False
    follows_answer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentShown(Event):
    """The words of the consent text were put on their way: their hash is the proof."""

    text_hash: str
    version: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressLinked(Event):
    """The customer proved that this Telegram account is theirs."""

    is_first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramStarted(Event):
    """`/start` without a code: no opt-in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelClosed(Event):
    """The customer wants nothing more by one way of several; the others stay open."""

    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessNeeded(Event):
    """The customer declared an accessibility need: no call counts. No proof is asked."""


# --- From the operator --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalRegistered(Event):
    """The first successful registration in the portal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoWatched(Event):
    """How much of the film was watched (0..1), or its transcript was read."""

    share: float
    has_read_transcript: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AppInstalled(Event):
    """The first authenticated start of the app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalUsed(Event):
    """An authenticated action in portal or app."""

    action: str = "login"


@dataclass(frozen=True, slots=True, kw_only=True)
class HotlineCalled(Event):
    """A hotline contact; `at` is its start. The same `call_id` again is a correction."""

    call_id: str
    duration_s: int
    is_connected: bool = True
    is_inbound: bool = True
    reason: str | None = None
    has_incident: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFound(Event):
    """A call turned out to lie within an incident; `at` is when the incident was opened."""

    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEnded(Event):
    """The contract is over: ported, ended, death."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditMoved(Event):
    """A credit is confirmed or rejected in the operator's charging system."""

    step: str
    is_confirmed: bool
    usable_until: datetime | None = None


# --- From managers ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionAnswered(Event):
    """A manager decided about an objection: to this call, or to whatever is disputed."""

    is_accepted: bool
    call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditReversed(Event):
    """A credit that had been confirmed was taken back, by the will of a manager."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWaived(Event):
    """A step that is impossible for this customer counts as done, without credit."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readmitted(Event):
    """A manager brings a dropped-out customer back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased(Event):
    """The customer's data are erased: the membership ends and nothing is sent again.

    `voided`: the steps whose credits the operator was never asked for, or refused for now.
    """

    voided: tuple[str, ...] = ()
