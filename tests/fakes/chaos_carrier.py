"""A charging system out of its mind: seeded, by the clock, over TMF654 4.0.

It drops requests and answers, books late, books and then says 500, doubles what it hears, answers
409, HTML or nothing, and leaves top-ups at `created` for ever. What it really booked, it remembers.
After twelve hours of madness it calms down, so that whatever can be resolved must end well.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from bot.carrier.transport import NoReply, Reply


class Mood(StrEnum):
    """What it does with an order."""

    SANE = "sane"
    AT_ONCE = "at_once"
    DROP_REQUEST = "drop_request"
    DROP_ANSWER = "drop_answer"
    LATE = "late"
    DOUBLE = "double"
    BOOKED_500 = "booked_500"
    PLAIN_500 = "plain_500"
    BOOKED_503 = "booked_503"
    CONFLICT = "conflict"
    HTML = "html"
    NOTHING = "nothing"
    NO_ID = "no_id"
    FAILS = "fails"
    QUOTA = "quota"
    REFUSED = "refused"


_READING = ("sane", "sane", "sane", "drop", "500", "html", "quota", "half")
_LOST = NoReply("no answer: TimeoutError", has_left=True)
_MADNESS = timedelta(hours=12)
_MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Record:
    """One top-up it holds: since when, until when it is only created, whether it fails."""

    number: int
    credit: str
    megabytes: int
    lands_at: datetime
    completes_at: datetime
    is_failing: bool = False
    is_stuck: bool = False
    resource: str = "/topupBalance"
    label: str = ""

    @property
    def name(self) -> str:
        """Give the operator's id of it."""
        return self.label or f"T{self.number}"

    def status(self, now: datetime) -> str:
        """Tell how it stands; 4.0 has these words."""
        if self.is_stuck or now < self.completes_at:
            return "created"
        return "failed" if self.is_failing else "completed"


@dataclass(slots=True)
class ChaosCarrier:
    """A Transport to a mad operator. `dedups`: it honours Idempotency-Key; `stuck`: these hang."""

    seed: int
    clock: Callable[[], datetime]
    dedups: bool = False
    stuck: frozenset[str] = frozenset()
    records: list[Record] = field(default_factory=list)
    moods: list[Mood] = field(default_factory=list)
    _count: int = 0
    _chance: random.Random = field(init=False)
    _calm_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311  a die that can be thrown again
        self._calm_at = self.clock() + _MADNESS

    async def close(self) -> None:
        """Nothing is open."""

    async def post(
        self, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Reply | NoReply:
        """Take an order, in whatever mood."""
        wanted = msgspec.json.decode(body)
        credit, megabytes = wanted["description"], wanted["amount"]["amount"]
        assert (headers or {})["Idempotency-Key"] == credit
        if self.dedups and (known := self._about(credit)):
            return self._conflict() if self._is("conflict") else self._tell(known[-1], 201)
        mood = self._mood()
        self.moods.append(mood)
        latest = self._count
        reply = self._take(mood, credit, megabytes)
        for record in self.records:
            if record.number > latest:
                record.resource = path
        return reply

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Reply | NoReply:
        """Show one top-up or a page of the list, or fail to."""
        kind = "sane" if self._is_calm() else self._chance.choice(_READING)
        if kind == "drop":
            return _LOST
        if kind == "500":
            return Reply(500, b"", {})
        if kind == "html":
            return Reply(200, b"<html>Welcome</html>", {})
        if kind == "quota":
            return Reply(429, b"", {"retry-after": "20"})
        resource, _, name = path[1:].partition("/")
        landed = [record for record in self._landed() if record.resource == f"/{resource}"]
        if name:
            found = [record for record in landed if record.name == name]
            return self._tell(found[0], 200) if found else Reply(404, b"", {})
        rows = [self._row(record) for record in landed]
        start = int((query or {}).get("offset", "0"))
        page = msgspec.json.encode(rows[start : start + 2])
        return Reply(206, page[:-1] if kind == "half" else page, {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be the same over HTTP; an answer that is lost breaks off in the middle."""
        request = Request(scope, receive)
        path = request.url.path
        if request.method == "GET":
            reply = await self.get(path, request.query_params)
        else:
            headers = {"Idempotency-Key": request.headers["idempotency-key"]}
            reply = await self.post(path, await request.body(), headers)
        if isinstance(reply, NoReply):
            reply = Reply(200, b"", {"content-length": "9"})
        told = [(name.encode(), value.encode()) for name, value in reply.headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": told})
        await send({"type": "http.response.body", "body": reply.body})

    def calm(self) -> None:
        """Be sane from now on."""
        self._calm_at = self.clock()

    def bookings(self, credit: str) -> int:
        """Count what is booked for a credit, or may still be."""
        return sum(1 for r in self.records if r.credit == credit and not r.is_failing)

    def is_booked(self, credit: str) -> bool:
        """Tell whether the volume is in the bucket by now."""
        return any(r.status(self.clock()) == "completed" for r in self._about(credit))

    def hold(self, name: str, credit: str, megabytes: int) -> None:
        """Hold a top-up that was booked before, under this id."""
        record = self._record(credit, megabytes, late=timedelta(), wait=timedelta())
        record.label = name

    def _take(self, mood: Mood, credit: str, megabytes: int) -> Reply | NoReply:  # noqa: C901, PLR0911, PLR0912  a case for each mood
        def booked(*, late: timedelta = timedelta(), wait: timedelta = _MINUTE) -> Record:
            return self._record(credit, megabytes, late=late, wait=wait)

        match mood:
            case Mood.SANE:
                return self._tell(booked(wait=self._minutes(20)), 201)
            case Mood.AT_ONCE:
                return self._tell(booked(wait=timedelta()), 201)
            case Mood.DROP_REQUEST:
                return _LOST
            case Mood.DROP_ANSWER:
                booked(wait=self._minutes(30))
                return _LOST
            case Mood.LATE:
                booked(late=self._minutes(50))
                return _LOST
            case Mood.DOUBLE:
                record = booked()
                # A second copy of a request is only harmless where the key is honoured.
                return self._conflict() if self._is("conflict") else self._tell(record, 201)
            case Mood.BOOKED_500:
                booked()
                return Reply(500, b'{"code": "50", "reason": "internal"}', {})
            case Mood.PLAIN_500:
                return Reply(500, b"", {})
            case Mood.BOOKED_503:
                booked()
                return Reply(503, b"", {"retry-after": "30"})
            case Mood.CONFLICT:
                booked(late=self._minutes(10))
                return self._conflict()
            case Mood.HTML:
                booked()
                return Reply(200, b"<!doctype html><p>Login", {})
            case Mood.NOTHING:
                booked()
                return Reply(200, b"", {})
            case Mood.NO_ID:
                booked()
                return Reply(201, b'{"status": "created"}', {})
            case Mood.FAILS:
                record = booked(wait=self._minutes(5))
                record.is_failing = True
                return self._tell(record, 201)
            case Mood.QUOTA:
                return Reply(429, b"", {"retry-after": "45"})
            case Mood.REFUSED:
                return Reply(401, b'{"code": "41", "reason": "expired"}', {})

    def _mood(self) -> Mood:
        return Mood.SANE if self._is_calm() else self._chance.choice(list(Mood))

    def _is_calm(self) -> bool:
        return self.clock() >= self._calm_at

    def _is(self, _: str) -> bool:
        return self._chance.random() < 0.3

    def _minutes(self, most: int) -> timedelta:
        return timedelta(seconds=self._chance.randint(1, most * 60))

    def _record(self, credit: str, megabytes: int, *, late: timedelta, wait: timedelta) -> Record:
        lands_at = self.clock() + late
        if self.dedups:
            # What is still on its way will find this one in its place.
            self.records = [r for r in self.records if r.credit != credit or r in self._landed()]
        self._count += 1
        record = Record(
            number=self._count,
            credit=credit,
            megabytes=megabytes,
            lands_at=lands_at,
            completes_at=lands_at + wait,
            is_stuck=credit in self.stuck,
        )
        self.records.append(record)
        return record

    def _landed(self) -> list[Record]:
        return [r for r in self.records if r.lands_at <= self.clock()]

    def _about(self, credit: str) -> list[Record]:
        now = self.clock()
        return [r for r in self._landed() if r.credit == credit and r.status(now) != "failed"]

    def _row(self, record: Record) -> dict[str, object]:
        return {
            "id": record.name,
            "description": record.credit,
            "status": record.status(self.clock()),
        }

    def _tell(self, record: Record, status: int) -> Reply:
        return Reply(status, msgspec.json.encode(self._row(record)), {})

    def _conflict(self) -> Reply:
        return Reply(409, b'{"code": "9", "reason": "exists"}', {})
