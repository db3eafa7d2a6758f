"""The Telegram channel's outgoing half: one message is sent, or takes the place of a tapped one."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

import structlog

from bot.channels.channel import (
    Accepted,
    Document,
    Fault,
    Outcome,
    Parcel,
    Refused,
    Unknown,
)
from bot.channels.telegram_calls import EFFECT, Calls, Parameters
from bot.channels.telegram_markup import markup_of
from bot.channels.telegram_outcomes import (
    NOT_EDITABLE,
    UNPARSABLE_TEXT,
    CallError,
)
from bot.channels.telegram_request import TelegramConnection
from bot.channels.telegram_text import plain, split, units
from bot.channels.telegram_uploads import LONGEST_CAPTION, Gallery, Uploads
from flows.customer import Channel

# Method names are case-insensitive. In lower case they are none of Bot's own, for which
# do_api_request would warn; the raw answer spares the building of a Message (half the CPU).
_SEND = "sendmessage"
_EDIT = "editmessagetext"
_ANSWER_TAP = "answercallbackquery"

_TAP_ANSWER_S = 2.0
_PARTY = "5046509860389126442"  # the effect of flying confetti

_log = structlog.get_logger(__name__)


class TelegramSender:
    """Sends to private chats: HTML, no link previews, buttons below the text.

    Without a `gallery` milestones go without their pictures. `is_paid`: broadcasts may be paid for,
    nothing else is. `monotonic` gives seconds, for flood waits.
    """

    channel = Channel.TELEGRAM

    def __init__(
        self,
        connection: TelegramConnection,
        gallery: Gallery | None = None,
        *,
        is_paid: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._is_paid = is_paid
        self._bot = connection.bot
        self._calls = Calls(connection, monotonic)
        self._uploads = Uploads(self._calls, connection.bot_id, gallery, monotonic)

    async def prepare(self) -> None:
        """Bring nothing: python-telegram-bot has come with the start."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Hand one message over, in as many parts as its length needs; a tap is answered first.

        Unknown also where a later part did not leave after an earlier one had arrived.
        """
        held = self._calls.wait(parcel.to.value)
        if held is not None:
            return held
        parts = split(parcel.message.text)
        if not parts:
            return Refused(Fault.CONTENT, "empty")
        if parcel.message.callback is not None:
            await self._answer_tap(parcel.message.callback, parcel.message.toast)
        with_file = await self._send_with_file(parcel, parts)
        return with_file or await self._send_parts(parcel, parts)

    async def look_up(self, parcel: Parcel, posted_at: datetime) -> Accepted | None:
        """Tell nothing: the Bot API cannot be asked for what a bot has sent."""
        return None

    async def close(self) -> None:
        """Give back connections."""
        await self._connection.close()

    async def _answer_tap(self, tap: str, toast: str | None) -> None:
        """Stop the button's spinner; a tap too old for that still gets its message."""
        answer: Parameters = {"callback_query_id": tap}
        if toast:
            answer["text"] = toast
        try:
            async with asyncio.timeout(_TAP_ANSWER_S):
                await self._bot.do_api_request(_ANSWER_TAP, api_kwargs=answer)
        except (*CallError, TimeoutError) as error:
            _log.info("tap_not_answered", why=type(error).__name__)

    async def _send_with_file(self, parcel: Parcel, parts: tuple[str, ...]) -> Outcome | None:
        """Send a text as the caption of its file; None where it goes without one."""
        document, card = parcel.message.document, parcel.message.card
        if document is None and card is None:
            return None
        fits = len(parts) == 1 and units(plain(parts[0])) <= LONGEST_CAPTION
        if document is not None and not fits:
            return await self._send_apart(document, parcel, parts)
        if document is not None:
            return await self._uploads.send(document, _captioned(parcel, parts[0]))
        if card is None or not fits or _replaced(parcel) is not None:
            return None
        return await self._uploads.show(card, _captioned(parcel, parts[0]))

    async def _send_apart(
        self, document: Document, parcel: Parcel, parts: tuple[str, ...]
    ) -> Outcome:
        told = await self._send_parts(parcel, parts)
        if not isinstance(told, Accepted):
            return told
        sent = await self._uploads.send(document, {"chat_id": parcel.to.value})
        is_whole = isinstance(sent, Accepted)
        return sent if is_whole else Unknown("the text arrived, its document did not")

    async def _send_parts(self, parcel: Parcel, parts: tuple[str, ...]) -> Outcome:
        outcome: Outcome = Unknown("nothing to send")
        for n, part in enumerate(parts, start=1):
            parameters = _parameters(parcel, part, is_last=n == len(parts))
            if self._is_paid and parcel.is_bulk:
                parameters |= {"allow_paid_broadcast": True}
            replaced = _replaced(parcel) if n == 1 else None
            outcome = await self._put(parcel, parameters, replaced)
            if not isinstance(outcome, Accepted):
                return outcome if n == 1 else Unknown(f"{n - 1} of {len(parts)} parts arrived")
        return outcome

    async def _put(self, parcel: Parcel, parameters: Parameters, replaced: int | None) -> Outcome:
        """Edit the message that was tapped, or send a new one where that is not possible."""
        if replaced is not None:
            # An edit keeps the message's number; the tag keeps the refs of the outbox unique.
            ref = f"{parcel.to.value}:{replaced}:{parcel.tag}"
            edit = parameters | {"message_id": replaced}
            outcome = await self._readable(_EDIT, edit, ref)
            if not (isinstance(outcome, Refused) and outcome.code == NOT_EDITABLE):
                return outcome
        return await self._readable(_SEND, parameters | _manner(parcel))

    async def _readable(self, method: str, parameters: Parameters, ref: str = "") -> Outcome:
        """Call, and once more without markup if ours turns out to be broken."""
        outcome = (await self._calls.call(method, parameters, ref)).outcome
        if not (isinstance(outcome, Refused) and outcome.code == UNPARSABLE_TEXT):
            return outcome
        _log.error("markup_broken", detail=outcome.detail)
        bare = {name: value for name, value in parameters.items() if name != "parse_mode"}
        readable = bare | {"text": plain(str(parameters["text"]))}
        return (await self._calls.call(method, readable, ref)).outcome


# --- The parts of a call ------------------------------------------------------------------------


def _parameters(parcel: Parcel, text: str, *, is_last: bool) -> Parameters:
    parameters: Parameters = {
        "chat_id": parcel.to.value,
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    if parcel.message.thread is not None:
        parameters["message_thread_id"] = parcel.message.thread
    markup = markup_of(parcel.message) if is_last else None
    return parameters if markup is None else parameters | {"reply_markup": markup}


def _captioned(parcel: Parcel, text: str) -> Parameters:
    parameters: Parameters = {
        "chat_id": parcel.to.value,
        "caption": text,
        "parse_mode": "HTML",
    }
    parameters |= _manner(parcel)
    markup = markup_of(parcel.message)
    return parameters if markup is None else parameters | {"reply_markup": markup}


def _manner(parcel: Parcel) -> Parameters:
    """Say how a new message arrives: silently, or with confetti, which only private chats have."""
    manner: Parameters = {}
    if parcel.is_silent:
        manner["disable_notification"] = True
    card, is_private = parcel.message.card, not parcel.to.value.startswith("-")
    if card is not None and card.is_goal and is_private:
        manner[EFFECT] = _PARTY
    return manner


def _replaced(parcel: Parcel) -> int | None:
    """Read which message to edit; a keyboard that asks for the contact needs its own message."""
    if parcel.message.replaces is None or parcel.message.asks_contact:
        return None
    chat, _, rest = parcel.message.replaces.partition(":")
    number = rest.partition(":")[0]
    return int(number) if chat == parcel.to.value and number.isdecimal() else None
