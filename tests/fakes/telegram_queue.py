"""How the fake Bot API hands out updates: by long poll until confirmed, or by webhook until 2xx."""

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass, field

import aiohttp

from tests.fakes.telegram_rules import Answer, Fields, refusal

_CONFLICT = "Conflict: terminated by other getUpdates request"
_WEBHOOK_SET = "Conflict: can't use getUpdates method while webhook is active"


@dataclass(slots=True)
class UpdateQueue:
    """Updates in order of their ids; `confirmed` is the lowest id that is still kept."""

    redelivery_s: float = 0.02
    confirmed: int = 0
    next_id: int = 1000
    webhook: Fields = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)  # what the webhook answered
    _kept: list[tuple[int, bytes]] = field(default_factory=list)
    _again: list[bytes] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _polls: int = 0
    _lines: defaultdict[str, deque[bytes]] = field(default_factory=lambda: defaultdict(deque))
    _deliverers: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def pending(self) -> int:
        """Count what is neither confirmed nor delivered."""
        return len(self._kept) + sum(map(len, self._lines.values()))

    @property
    def newest(self) -> bytes:
        """Give the update that was queued last."""
        return self._kept[-1][1]

    def take_id(self) -> int:
        """Give the next update its id."""
        self.next_id += 1
        return self.next_id

    def put(self, update_id: int, body: bytes, line: str) -> None:
        """Queue an update; those of one `line` are delivered by webhook one after the other."""
        if self.webhook.get("url"):
            self._lines[line].append(body)
            self._deliver(line)
            return
        self._kept.append((update_id, body))
        self._news.set()

    def repeat(self, body: bytes) -> None:
        """Hand an update out once more, confirmed or not."""
        self._again.append(body)
        self._news.set()

    def swap_last_two(self) -> None:
        """Let the last two updates come in the other order, each with its own id."""
        self._kept[-2:] = self._kept[:-3:-1]

    async def poll(self, asked: Fields) -> Answer:
        """Answer getUpdates: forget what is confirmed, wait for news, hand out the oldest."""
        if self.webhook.get("url"):
            return refusal(409, _WEBHOOK_SET)
        self._polls += 1
        mine = self._polls
        self._news.set()  # an older long poll wakes up, and finds that it is not the last
        self._confirm(int(str(asked.get("offset") or 0)))
        await self._wait(float(str(asked.get("timeout") or 0)), mine)
        if mine != self._polls:
            return refusal(409, _CONFLICT)
        limit = int(str(asked.get("limit") or 100))
        again, self._again = self._again[:limit], self._again[limit:]
        bodies = again + [body for _, body in self._kept[: limit - len(again)]]
        return Answer(200, b'{"ok":true,"result":[' + b",".join(bodies) + b"]}")

    def _confirm(self, offset: int) -> None:
        if offset > 0:
            self.confirmed = max(self.confirmed, offset)
            self._kept = [kept for kept in self._kept if kept[0] >= offset]

    async def _wait(self, seconds: float, mine: int) -> None:
        self._news.clear()
        if self._kept or self._again or seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                while not (self._kept or self._again) and mine == self._polls:
                    await self._news.wait()
                    self._news.clear()
        except TimeoutError:
            return

    def _deliver(self, line: str) -> None:
        if line not in self._deliverers or self._deliverers[line].done():
            self._deliverers[line] = asyncio.create_task(self._deliver_line(line))

    async def _deliver_line(self, line: str) -> None:
        waiting = self._lines[line]
        headers = {"Content-Type": "application/json"}
        if secret := self.webhook.get("secret_token"):
            headers["X-Telegram-Bot-Api-Secret-Token"] = str(secret)
        async with aiohttp.ClientSession() as session:
            while waiting:
                if await self._post(session, waiting[0], headers):
                    waiting.popleft()
                else:
                    await asyncio.sleep(self.redelivery_s)

    async def _post(
        self, session: aiohttp.ClientSession, body: bytes, headers: dict[str, str]
    ) -> bool:
        try:
            async with session.post(str(self.webhook["url"]), data=body, headers=headers) as answer:
                self.statuses.append(answer.status)
                return 200 <= answer.status < 300
        except aiohttp.ClientError:
            return False

    async def settle(self) -> None:
        """Wait until the webhook has taken everything."""
        await asyncio.gather(*self._deliverers.values())

    async def close(self) -> None:
        """Stop delivering."""
        for task in self._deliverers.values():
            task.cancel()
        await asyncio.gather(*self._deliverers.values(), return_exceptions=True)
