"""Calls to Telegram, each judged by its answer; who was told to wait is remembered."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec
from telegram import InputFile

from bot.channels.channel import Accepted, NotSent, Outcome, Refused, Unknown
from bot.channels.telegram_outcomes import WRONG_EFFECT, CallError, Floods, classify
from bot.channels.telegram_request import Json, TelegramConnection

Parameters: TypeAlias = "dict[str, Json | InputFile]"

EFFECT = "message_effect_id"


class _Size(msgspec.Struct):
    file_id: str


class _Sent(msgspec.Struct):
    message_id: int
    photo: list[_Size] = []


class _Answer(msgspec.Struct):
    result: _Sent | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


class Answered(msgspec.Struct, frozen=True):
    """What a call came to, and the id of the picture that it showed."""

    outcome: Outcome
    file: str | None = None


class Calls:
    """Calls that put something into a chat. `monotonic` gives seconds, for flood waits."""

    def __init__(self, connection: TelegramConnection, monotonic: Callable[[], float]) -> None:
        self._connection = connection
        self._floods = Floods(monotonic)

    def wait(self, chat: str) -> NotSent | None:
        """Say how long a chat still has to wait, None if it need not."""
        return self._floods.wait(chat)

    async def call(self, method: str, parameters: Parameters, ref: str = "") -> Answered:
        """Call a method, once more if only its effect is refused.

        `ref` is the name that an edited message keeps.
        """
        chat = str(parameters["chat_id"])
        try:
            sent = await self._sent(method, parameters)
        except msgspec.DecodeError:
            return Answered(Unknown("unreadable answer"))
        except CallError as error:
            outcome = classify(error, edited=ref)
            if EFFECT in parameters and _is_about_effect(outcome):
                bare = {name: value for name, value in parameters.items() if name != EFFECT}
                return await self.call(method, bare, ref)
            if isinstance(outcome, NotSent):
                outcome = self._floods.note(chat, outcome)
            return Answered(outcome)
        if sent is None:
            return Answered(Unknown("ok was false"))
        file = sent.photo[-1].file_id if sent.photo else None
        return Answered(Accepted(ref or f"{chat}:{sent.message_id}"), file)

    async def _sent(self, method: str, parameters: Parameters) -> _Sent | None:
        """Have a message sent; what carries no file goes the lean way, which costs half."""
        plain = {n: v for n, v in parameters.items() if not isinstance(v, InputFile)}
        if len(plain) < len(parameters):
            answer = await self._connection.bot.do_api_request(method, api_kwargs=parameters)
            return msgspec.convert(answer, _Sent)
        url = f"{self._connection.bot.base_url}/{method}"
        answer = await self._connection.sends.ask(url, plain)
        return _ANSWER.decode(answer).result


def _is_about_effect(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.code == WRONG_EFFECT
