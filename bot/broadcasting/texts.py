"""The texts of a broadcast: checked when they are drafted, filled in for each recipient.

Managers write Telegram's HTML; an SMS gets the same words without it. Facts are escaped here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from bot.channels.telegram_text import plain
from flows.broadcast import BroadcastError
from flows.customer import Channel
from messages.segments import normalise
from storage.broadcasts import Asked

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_TAG = re.compile(r"<(/?)([a-z]+)((?:\s[^<>]*)?)>", re.IGNORECASE)
_LONE_AND = re.compile(r"&(?!(?:lt|gt|amp|quot|#\d{1,7});)")
_ATTRIBUTE = re.compile(r"attribute\.([\w-]+)")
_ALLOWED = ("b", "i", "u", "s", "code", "a")
_NAMES = ("customer", "month", "megabytes")
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Facts:
    """What the placeholders of a text stand for."""

    customer: str = ""
    month: int = 0
    megabytes: int = 0
    attributes: Mapping[str, str | None] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """Give the words for a placeholder; an attribute that somebody lacks is left out."""
        match name:
            case "customer":
                return self.customer
            case "month":
                return str(self.month)
            case "megabytes":
                return str(self.megabytes)
            case _:
                return self.attributes.get(name.removeprefix("attribute.")) or ""


def check(texts: Mapping[str, str], languages: tuple[str, ...]) -> Asked:
    """Check all texts and tell what they ask for. Raises BroadcastError that says what is wrong."""
    if not texts:
        raise BroadcastError("a broadcast needs a text, such as --text de=…")
    names: list[str] = []
    for language, text in texts.items():
        if language not in languages:
            known = ", ".join(languages)
            raise BroadcastError(f"{language}: the campaign speaks {known}")
        names += _checked(language, text)
    attributes = dict.fromkeys(n.removeprefix("attribute.") for n in names if n not in _NAMES)
    return Asked(
        tuple(attributes),
        has_customer="customer" in names,
        has_month="month" in names,
        has_megabytes="megabytes" in names,
    )


def _checked(language: str, text: str) -> list[str]:
    if not plain(text).strip():
        raise BroadcastError(f"{language}: the text is empty")
    if len(text) > _LONGEST:
        raise BroadcastError(f"{language}: the text is longer than {_LONGEST} characters")
    _check_markup(language, text)
    names = _PLACEHOLDER.findall(text)
    for name in names:
        if name not in _NAMES and not _ATTRIBUTE.fullmatch(name):
            raise BroadcastError(
                f"{language}: there is no placeholder {{{name}}}; there are"
                f" {', '.join(f'{{{n}}}' for n in _NAMES)} and {{attribute.NAME}}"
            )
    if re.search(r"[{}]", _PLACEHOLDER.sub("", text)):
        raise BroadcastError(f"{language}: a brace is open or closed too often")
    return names


def _check_markup(language: str, text: str) -> None:
    opened: list[str] = []
    for found in _TAG.finditer(text):
        closes, name = found[1], found[2].lower()
        if name not in _ALLOWED:
            raise BroadcastError(f"{language}: <{name}> is not known; use {', '.join(_ALLOWED)}")
        if not closes:
            opened.append(name)
        elif not opened or opened.pop() != name:
            raise BroadcastError(f"{language}: </{name}> closes what is not open")
    if opened:
        raise BroadcastError(f"{language}: <{opened[-1]}> is not closed")
    if "<" in _TAG.sub("", text):
        raise BroadcastError(f"{language}: a < that begins no tag is written &lt;")


def text_for(texts: Mapping[str, str], language: str, languages: tuple[str, ...]) -> str:
    """Find the text for a customer: their language's, the campaign's first, or what there is."""
    order = (language, *languages, *texts)
    return next(texts[name] for name in order if name in texts)


def render(text: str, facts: Facts, channel: Channel) -> str:
    """Fill a text in as a channel carries it: HTML for Telegram, plain text otherwise."""
    html = _PLACEHOLDER.sub(lambda found: escape(facts.of(found[1])), _LONE_AND.sub("&amp;", text))
    return html if channel is Channel.TELEGRAM else normalise(plain(html))
