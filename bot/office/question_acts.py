"""What a manager wants with questions, read from a tap, a command, or a reply to a card."""

from dataclasses import dataclass

from bot.channels.channel import Inbound
from bot.office.question_cards import named_by, number_of

_ON_ONE = ("answer", "take", "back", "close")
_ON_ALL = {"/questions": "list", "/here": "here", "/private": "private"}


@dataclass(frozen=True, slots=True)
class Asked:
    """An act, on which question, and with which words."""

    act: str
    number: int = 0
    text: str = ""


def commanded(inbound: Inbound) -> Asked | None:
    """Read a tap or a command about questions; None if it is about something else."""
    if inbound.command is not None:
        act, _, about = inbound.command.partition(":")
        number = number_of(about)
        is_ours = act.startswith("q.") and act[2:] in _ON_ONE and number is not None
        return Asked(act[2:], number or 0) if is_ours else None
    word, _, rest = inbound.text.strip().partition(" ")
    if word == "/answer":
        name, _, words = rest.strip().partition(" ")
        number = number_of(name)
        return Asked("list") if number is None else Asked("answer", number, words.strip())
    return Asked(_ON_ALL[word]) if word in _ON_ALL else None


def is_plain(inbound: Inbound) -> bool:
    """Tell whether somebody simply wrote something."""
    text = inbound.text.strip()
    is_text = inbound.command is None and inbound.attachment is None
    return is_text and bool(text) and not text.startswith("/")


def answered(inbound: Inbound, begun: int | None) -> Asked | None:
    """Read plain words as an answer: to the card they reply to, or to the one that was begun."""
    number = named_by(inbound.replied_to) or begun
    return Asked("answer", number, inbound.text.strip()) if number is not None else None
