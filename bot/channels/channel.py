"""The contract of a channel: what it hears, what it sends, and what a send can come to.

(What is made for every message is a struct: a frozen dataclass takes ten times as long to make.)
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec

from flows.customer import Address, Channel
from flows.intent import Intent
from messages.cards import Card

Clock = Callable[[], datetime]


# --- What is heard ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that somebody sent; it still lies at the provider, who knows it by `ref`."""

    ref: str
    name: str
    size: int | None = None  # bytes, if the provider says


class FileTooLargeError(Exception):
    """A file is larger than the provider hands out."""


class FileUnavailableError(Exception):
    """A file cannot be fetched now."""


class Files(Protocol):
    """Fetches what people attach."""

    async def read(self, attachment: Attachment) -> bytes:
        """Fetch a file. Raises FileTooLargeError or FileUnavailableError."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a group something was said: the group, and its topic if it has topics."""

    chat: Address
    thread: int | None = None
    is_forum: bool = False


class Inbound(msgspec.Struct, frozen=True):
    """What somebody wrote or tapped, verified to come from the provider.

    `source` and `provider_id` name it for good. A tap carries its `intent`; a personal link played
    as `/start CODE` its `code`; `was_answered`: the provider has replied to a stop word already;
    `is_outdated`: a button was tapped that we do not offer (any more).
    """

    source: str
    provider_id: str
    address: Address
    text: str
    at: datetime
    intent: Intent | None = None
    code: str | None = None
    is_start: bool = False
    proven_phone: Address | None = None
    callback: str | None = None
    message_ref: str | None = None
    language: str | None = None
    was_answered: bool = False
    is_outdated: bool = False
    scene: str | None = None
    command: str | None = None  # of a manager's button
    topic: str | None = None  # of a help topic that was offered
    sender: str = ""  # the first name, as the provider tells it
    replied_to: str = ""  # the text of the message of ours that is replied to
    place: Place | None = None  # the group, if it was said in one
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class Reachability:
    """The provider says that an address blocked us, or took us back."""

    source: str
    provider_id: str
    address: Address
    at: datetime
    is_blocked: bool


class Listener(Protocol):
    """Who answers what channels hear; each returns after its turn is committed."""

    async def heard(self, inbound: Inbound) -> None:
        """Answer a message or a tap."""

    async def reached(self, change: Reachability) -> None:
        """Note that an address is blocked or open again."""

    async def undecodable(self, source: str, provider_id: str, body: bytes, reason: str) -> None:
        """Keep and count what nobody can read, and pass over it."""


# --- What is sent -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: a word to say, or a link to open; `scene` names where the dialogue then stood."""

    label: str
    intent: Intent | None = None
    url: str | None = None
    scene: str | None = None
    command: str | None = None  # of a manager's button: an act and what it is about
    topic: str | None = None  # of a help topic that is offered


@dataclass(frozen=True, slots=True)
class Document:
    """A file on its way, such as a report as CSV."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """Finished words on their way; the outbox keeps exactly this as JSON.

    `replaces`: the provider's id of the message that was tapped, edited in place where that works.
    `callback`: the tap to be answered first, with a `toast` if there is something to say.
    `asks_contact`: the one choice without a meaning asks for the phone's number, by a keyboard
    that stays until a message `takes_keyboard` away. `document` goes with the text where the
    channel can carry files, `card` where it can show pictures.
    """

    text: str
    choices: tuple[Choice, ...] = ()
    subject: str | None = None
    replaces: str | None = None
    callback: str | None = None
    toast: str | None = None
    asks_contact: bool = False
    takes_keyboard: bool = False
    unsubscribe: str | None = None
    document: Document | None = None
    thread: int | None = None  # the topic of a group
    card: Card | None = None


class Parcel(msgspec.Struct, frozen=True):
    """One message with its address, its attempt's tag, and until when it is worth arriving.

    `number` and `written_at` are the same for every attempt.
    """

    to: Address
    message: Message
    tag: str
    valid_for: timedelta | None = None
    number: int = 0
    written_at: datetime | None = None
    is_bulk: bool = False  # of a broadcast
    is_silent: bool = False  # where the channel can, nobody is woken by it


class Fault(StrEnum):
    """Why a provider refused: whose fault it is, and for how long."""

    ADDRESS = "address"  # for good: this address cannot be reached
    OPTED_OUT = "opted_out"  # for good, until the customer says START
    BLOCKED = "blocked"  # the customer blocked us here
    CONTENT = "content"  # this text will never pass
    SENDER = "sender"  # our sender or region is wrong: stop the lane
    ACCOUNT = "account"  # credentials or account: stop the lane
    OURS = "ours"  # we built a request that cannot be sent
    LATER = "later"  # a soft failure: try again hours later
    MOVED = "moved"  # the chat has a new id: `detail` holds it


class Accepted(msgspec.Struct, frozen=True):
    """The provider took it over, under this id."""

    ref: str


class Refused(msgspec.Struct, frozen=True):
    """The provider said no; nothing was sent."""

    fault: Fault
    code: str
    detail: str = ""


class NotSent(msgspec.Struct, frozen=True):
    """Nothing left or nothing was processed: try again, after a while if one is given.

    `holds`: "recipient" or "lane", who has to wait; it takes no attempt.
    """

    why: str
    retry_after: timedelta | None = None
    holds: str | None = None


class Unknown(msgspec.Struct, frozen=True):
    """It may have been sent. Never blindly repeated."""

    why: str


Outcome = Accepted | Refused | NotSent | Unknown


class Sender(Protocol):
    """The outgoing half of a channel."""

    channel: Channel

    async def prepare(self) -> None:
        """Bring what the first send would wait for: a slot does not wait."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Hand one message over; never raises for what a provider or network can do."""

    async def look_up(self, parcel: Parcel, posted_at: datetime) -> Accepted | None:
        """Ask the provider whether a message of unknown outcome exists; None if it cannot tell."""

    async def close(self) -> None:
        """Give back connections."""
