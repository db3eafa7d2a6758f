"""The poller fetches updates, lets each be answered, and only then confirms them to Telegram."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TypeVar

import msgspec
import structlog
from telegram.error import TelegramError

from bot.channels.channel import Clock, Inbound, Listener, Reachability
from bot.channels.telegram_intake import hand_over
from bot.channels.telegram_request import Json, TelegramConnection, read_retry_after
from bot.channels.telegram_updates import (
    ALLOWED_UPDATES,
    SOURCE,
    Read,
    name_of,
    read_update,
)
from storage.errors import StorageError

T = TypeVar("T")
Lease = Callable[[], Awaitable[bool]]

_LONG_POLL_S = 50
_ANSWER_MARGIN_S = 10.0
_BATCH = 100
_AT_ONCE = 16  # chats answered side by side; the store groups their commits
_TURN_S = 60.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_LEASE_PAUSE_S = 5.0

_log = structlog.get_logger(__name__)


class _Answer(msgspec.Struct):
    result: list[msgspec.Raw]


class _Trouble(msgspec.Struct):
    description: str = ""


_read_batch = msgspec.json.Decoder(_Answer).decode
_read_trouble = msgspec.json.Decoder(_Trouble).decode


class UnreadableBatch(Exception):
    """The answer to getUpdates cannot be taken apart."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body


class PollRefused(Exception):
    """Telegram refuses to be polled."""

    def __init__(self, status: int, description: str, retry_after: timedelta | None) -> None:
        super().__init__(f"{status} {description}")
        self.status = status
        self.description = description
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Updates:
    """Reads getUpdates over a connection; the answer comes raw, each update apart."""

    connection: TelegramConnection
    long_poll_s: int = _LONG_POLL_S

    async def fetch(self, offset: int | None, limit: int) -> list[bytes]:
        """Fetch what is not confirmed; `offset` confirms everything below it.

        Raises PollRefused, UnreadableBatch, or TelegramError for what the network does.
        """
        asked: dict[str, Json] = {
            "timeout": self.long_poll_s,
            "limit": limit,
            "allowed_updates": list(ALLOWED_UPDATES),
        }
        if offset is not None:
            asked["offset"] = offset
        url = f"{self.connection.bot.base_url}/getUpdates"
        status, body = await self.connection.polls.call(
            url, asked, read_s=self.long_poll_s + _ANSWER_MARGIN_S
        )
        if status != HTTPStatus.OK:
            raise _refusal(status, body)
        try:
            return [bytes(raw) for raw in _read_batch(body).result]
        except (ValueError, RecursionError) as error:
            raise UnreadableBatch(body) from error


class TelegramPoller:
    """One loop per bot: under the lease it fetches, has answered, confirms; it never dies.

    `lease` renews and tells whether we hold it; it must last longer than a long poll and a turn.
    `chance` gives 0..1, for the pauses.
    """

    def __init__(
        self,
        updates: Updates,
        listener: Listener,
        *,
        lease: Lease,
        clock: Clock,
        chance: Callable[[], float],
        sleep: Callable[[float], Coroutine[None, None, None]] = asyncio.sleep,
    ) -> None:
        self._updates = updates
        self._listener = listener
        self._lease = lease
        self._clock = clock
        self._chance = chance
        self._sleep = sleep
        self._offset: int | None = None  # Telegram keeps it; the inbox makes a repeat harmless
        self._singles_left = 0  # how often to fetch one alone, after an unreadable batch
        self._failures = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until told to stop; a batch under way is finished first."""
        while not stop.is_set():
            try:
                await self._round(stop)
                self._failures = 0
            except Exception as error:  # noqa: BLE001 - whatever it is, the loop goes on after a pause
                self._failures += 1
                await _unless(stop, self._sleep(self._pause_after(error)))

    async def _round(self, stop: asyncio.Event) -> None:
        if not await self._lease():
            # Whoever polls meanwhile confirms for us, and after a silent week ids start anew.
            self._offset = None
            await _unless(stop, self._sleep(_LEASE_PAUSE_S))
            return
        limit = 1 if self._singles_left else _BATCH
        try:
            batch = await _unless(stop, self._updates.fetch(self._offset, limit))
        except UnreadableBatch as error:
            await self._isolate(error, limit)
            return
        if batch is not None:
            await self._answer(batch)

    async def _isolate(self, error: UnreadableBatch, limit: int) -> None:
        """Ask for one at a time when a batch is unreadable, until the broken update is found."""
        if limit > 1:
            self._singles_left = _BATCH
            return
        name = name_of(error.body)
        if not name.isdecimal():
            raise error
        await self._listener.undecodable(SOURCE, name, error.body, "breaks its batch")
        self._offset, self._singles_left = int(name) + 1, 0

    async def _answer(self, batch: list[bytes]) -> None:
        """Answer each chat's updates in order, the chats side by side; then set the offset.

        It moves up to the first update that could not be kept. After an empty batch it is left
        out: the last call has confirmed everything, and ids start anew after a silent week.
        """
        now = self._clock()
        reads = [(read_update(raw, now), raw) for raw in batch]
        room = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as chats:
            tasks = [
                chats.create_task(self._answer_chat(updates, room)) for updates in _by_chat(reads)
            ]
        failed = [failure for task in tasks if (failure := task.result()) is not None]

        ids = [int(read.provider_id) for read, _ in reads if _has_id(read)]
        unkept = [int(failure.read.provider_id) for failure in failed if _has_id(failure.read)]
        self._offset = min(unkept) if unkept else max(ids) + 1 if ids else None
        self._singles_left = max(0, self._singles_left - 1)
        if failed:
            raise failed[0].error

    async def _answer_chat(
        self, updates: list[tuple[Read, bytes]], room: asyncio.Semaphore
    ) -> "_Unkept | None":
        async with room:
            for read, raw in updates:
                try:
                    async with asyncio.timeout(_TURN_S):
                        await hand_over(read, raw, self._listener)
                except Exception as error:  # noqa: BLE001 - not kept, so it is not confirmed
                    return _Unkept(read, error)
        return None

    def _pause_after(self, error: Exception) -> float:
        """Tell how many seconds to rest; what a person has to mend is an alarm."""
        doubled = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self._failures, 10))
        pause = doubled * (0.5 + self._chance() / 2)
        match error:
            case PollRefused(status=HTTPStatus.CONFLICT):
                _log.error("poll_conflict", mend="another poller or a webhook uses this token")
                pause = _LONGEST_PAUSE_S * (0.5 + self._chance() / 2)
            case PollRefused(status=HTTPStatus.UNAUTHORIZED | HTTPStatus.NOT_FOUND):
                _log.error("poll_token_refused", mend="check TELEGRAM_BOT_TOKEN")
                pause = _LONGEST_PAUSE_S
            case PollRefused(retry_after=timedelta() as after):
                pause = after.total_seconds()
            case PollRefused() | UnreadableBatch() | TelegramError() | StorageError():
                _log.warning("poll_failed", why=type(error).__name__, pause_s=round(pause, 1))
            case _:
                _log.error("poll_broken", exc_info=error)
        return pause


@dataclass(frozen=True, slots=True)
class _Unkept:
    """The first update of a chat that could not be kept, and why."""

    read: Read
    error: Exception


def _by_chat(reads: list[tuple[Read, bytes]]) -> list[list[tuple[Read, bytes]]]:
    """Put together what concerns one chat, in its order; what concerns none stands alone."""
    chats: defaultdict[str, list[tuple[Read, bytes]]] = defaultdict(list)
    for read, raw in reads:
        chat = read.address.uri if isinstance(read, Inbound | Reachability) else read.provider_id
        chats[chat].append((read, raw))
    return list(chats.values())


def _has_id(read: Read) -> bool:
    return read.provider_id.isdecimal()


def _refusal(status: int, body: bytes) -> PollRefused:
    try:
        trouble = _read_trouble(body)
    except (ValueError, RecursionError):
        trouble = _Trouble()
    return PollRefused(status, trouble.description, read_retry_after(body))


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, T]) -> T | None:
    """Wait for something, or give it up when told to stop."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
