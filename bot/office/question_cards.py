"""The cards by which managers see questions: the customer's words, where they stand, what was said.

A card begins with its question's name, so that a reply to it can be told to belong to it.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from html import escape, unescape
from zoneinfo import ZoneInfo

import msgspec

from bot.channels.channel import Choice, Message
from flows.customer import Channel
from flows.effects import Request
from flows.journey import Journey
from storage.memory import QuestionRow
from storage.questions import Waiting, Words
from storage.reading import MessageRow

MARK = "❓"
_NAMED = re.compile(rf"{MARK} Q(\d{{1,18}})\b")
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_ID = re.compile(r"[Qq]?(\d{1,18})")
_LONGEST = 1200  # letters of a customer's words on a card
_LONGEST_SAID = 140  # letters of what we said
_DAY = "%d.%m. %H:%M"
NOTHING_SAID = "(wants to talk to a person)"


def named_by(text: str) -> int | None:
    """Find which question's card a text is; None if it is none."""
    found = _NAMED.match(text)
    return int(found[1]) if found else None


def number_of(text: str) -> int | None:
    """Read a question's name as managers type it: Q7 or 7."""
    found = _ID.fullmatch(text)
    return int(found[1]) if found else None


def taker_of(question: QuestionRow) -> str | None:
    """Give the Telegram id of the manager who took a question over."""
    return question.taken_by.partition(" ")[0] if question.taken_by else None


def name_of_taker(question: QuestionRow | Waiting) -> str:
    """Give the first name of the manager who took a question over."""
    id_, _, name = (question.taken_by or "").partition(" ")
    return name or id_


def card(
    question: QuestionRow,
    journey: Journey | None,
    said: Sequence[Words],
    last: Sequence[MessageRow],
    zone: ZoneInfo,
) -> Message:
    """Show a question as it stands."""
    texts = [_speech(words, zone) for words in said]
    lines = [
        f"{MARK} <b>Q{question.request}</b> · {_state(question)}",
        f"Customer {escape(question.customer)} · {_way(question.address.channel)}",
        *_standing(journey),
        "",
        "\n".join(texts)[-_LONGEST:] or escape(NOTHING_SAID),
        *_last_said(last, zone),
        "",
        "<i>Reply to this message to answer.</i>",
    ]
    return Message("\n".join(lines), choices(question))


def note(question: QuestionRow, added: str) -> Message:
    """Show what a customer added to a question."""
    text = escape(added[:_LONGEST]) or escape(NOTHING_SAID)
    head = f"{MARK} <b>Q{question.request}</b> · customer {escape(question.customer)} adds:"
    return Message(f"{head}\n{text}", choices(question))


def choices(question: QuestionRow) -> tuple[Choice, ...]:
    """Offer what can be done with a question."""
    take, answer, close = ("Take over", "take"), ("Answer", "answer"), ("Close", "close")
    acts = {
        "open": (answer, take, close),
        "taken": (answer, ("Hand back", "back"), close),
        "answered": (take,),
    }.get(question.state, ())
    return tuple(Choice(label, command=f"q.{act}:{question.request}") for label, act in acts)


def queue(waiting: Sequence[Waiting], zone: ZoneInfo) -> str:
    """List what waits for a person."""
    rows = [_row(row, zone) for row in waiting]
    how = "Objections are decided in /credits, other requests by statthotline decide."
    return "\n".join([*rows, f"<i>{escape(how)}</i>"]) if rows else "Nothing waits."


def _row(row: Waiting, zone: ZoneInfo) -> str:
    name = f"Q{row.id}" if row.request is Request.PERSON else str(row.id)
    taken = f" · taken by {escape(name_of_taker(row))}" if row.taken_by else ""
    head = f"<b>{name}</b> {_moment(row.at, zone)} · customer {escape(row.customer)}"
    said = f"\n{escape(row.text[:_LONGEST_SAID])}" if row.text else ""
    return f"{head} · {row.request.value}{taken}{said}"


def _state(question: QuestionRow) -> str:
    by = name_of_taker(question) if question.state == "taken" else question.answered_by
    return (
        f"{question.state} by {escape(by)}" if by and question.state != "open" else question.state
    )


def _way(channel: Channel) -> str:
    return {Channel.SMS: "SMS", Channel.TELEGRAM: "Telegram"}.get(channel, channel.value)


def _standing(journey: Journey | None) -> list[str]:
    if journey is None:
        return []
    months = f", months done: {journey.months_told}" if journey.months_told else ""
    booked = f", booked: {journey.credited_megabytes} MB" if journey.credited_megabytes else ""
    return [f"{escape(journey.stage.value)} · {escape(journey.language)}{months}{booked}"]


def _speech(words: Words, zone: ZoneInfo) -> str:
    who = f"<b>{escape(words.author)}</b>: " if words.author else "» "
    return f"{words.at.astimezone(zone):{_DAY}} {who}{escape(words.text or NOTHING_SAID)}"


def _last_said(messages: Sequence[MessageRow], zone: ZoneInfo) -> list[str]:
    rows = [row for row in messages if row.line != "PersonAnswered"]
    if not rows:
        return []
    said = [f"<i>{_moment(row.created_at, zone)} {escape(_text(row))}</i>" for row in rows]
    return ["", "<i>What the bot said last:</i>", *said]


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):{_DAY}}"


def _text(row: MessageRow) -> str:
    told = msgspec.json.decode(row.body, type=Message).text
    is_html = row.recipient.startswith(Channel.TELEGRAM.value)
    text = unescape(_TAG.sub("", told)) if is_html else told
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST_SAID else f"{flat[: _LONGEST_SAID - 1]}…"
