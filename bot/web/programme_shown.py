"""What the programme page shows, as values in words: steps, the ring, calls, channels, messages."""

from dataclasses import dataclass

from bot.web.ring import Arc


@dataclass(frozen=True, slots=True)
class StepShown:
    """One step as a card."""

    step: str
    name: str
    how: str
    go: str
    instead: str
    megabytes: str
    mark: str
    mark_words: str
    can_do: bool
    leads_to: str  # as seen from the page


@dataclass(frozen=True, slots=True)
class RingShown:
    """Steps or months as a ring, with a figure in its middle; and the same in words."""

    arcs: tuple[Arc, ...]
    figure: str
    unit: str
    words: str


@dataclass(frozen=True, slots=True)
class CallShown:
    """One reported call, and what it means."""

    at: str
    words: str
    is_against: bool
    can_object: bool


@dataclass(frozen=True, slots=True)
class ChannelShown:
    """One address, as far as somebody with only the link may see it."""

    place: int
    name: str
    address: str
    is_on: bool
    is_sms: bool


@dataclass(frozen=True, slots=True)
class MessageShown:
    """One message that was said, or waits to be."""

    at: str
    channel: str
    text: str
