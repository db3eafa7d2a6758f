"""The writer answers many turns at once: it reads for all, lets each decide, and writes for all.

A group is whatever has arrived meanwhile. Its customers are held in one order, so two nodes never
wait for each other; of one customer, stranger, link or message there is at most one turn in a
group, the next waits for the next group. Turns decide one after the other and see what those before
them have booked. If another node has booked since the balances were read, the group is done again
with the balances held, so a budget is never exceeded. If a row is refused, each turn of the group
is done by itself: it alone hears of it, and its neighbours stand.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import asyncpg

from storage.changes import Decision
from storage.errors import AddressTakenError, ClosedError, OverloadedError, StorageError
from storage.memory import Key, Memory
from storage.postgres.changes import spread
from storage.postgres.database import Connection, Database, lost
from storage.postgres.memory import hold, hold_kinds, read_common, recall
from storage.postgres.sheets import write
from storage.postgres.waves import Rows, in_waves

T = TypeVar("T")
Decide = Callable[[Memory], Decision[object]]

GROUP = 256
LINES = 2  # groups on their way at once: while the server works on one, we decide the next
LONGEST_QUEUE = 20_000
_TWICE = 2  # a row may have been refused because another node was faster: look again


@dataclass(slots=True)
class _Waiting:
    key: Key
    decide: Decide
    answer: asyncio.Future[object]
    names: frozenset[Hashable]


@dataclass(frozen=True, slots=True)
class _Done:
    answer: object


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


@dataclass(frozen=True, slots=True)
class _Deferred:
    """Somebody before it in the group concerns the same customer."""


_Outcome = _Done | _Failed | _Deferred


class _BookedMeanwhileError(Exception):
    """Another node has booked since the balances were read."""


class _RefusedError(Exception):
    """The database refuses a row of the group."""


class Writer:
    """The one who answers turns, a group at a time."""

    def __init__(self, database: Database, longest_queue: int = LONGEST_QUEUE) -> None:
        self._database = database
        self._longest_queue = longest_queue
        self._waiting: deque[_Waiting] = deque()
        self._pumps: set[asyncio.Task[None]] = set()
        self._under_way: set[Hashable] = set()
        self._is_closed = False

    async def turn(self, key: Key, decide: Callable[[Memory], Decision[T]]) -> T:
        """Answer one event, after the commit of its group.

        What `decide` raises is raised here, and leaves nothing behind. Raises StorageError if the
        database fails, OverloadedError if too many wait, ClosedError after `close`.
        """
        if self._is_closed:
            raise ClosedError
        if len(self._waiting) >= self._longest_queue:
            raise OverloadedError
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        names = frozenset(_names(key))
        self._waiting.append(_Waiting(key, cast("Decide", decide), answer, names))
        if len(self._pumps) < LINES:
            self._start()
        return cast("T", await answer)

    async def close(self) -> None:
        """Refuse new turns, finish those that wait."""
        self._is_closed = True
        while self._pumps:
            await asyncio.wait(self._pumps)

    def _start(self) -> None:
        self._pumps.add(asyncio.create_task(self._pump_dry()))

    async def _pump_dry(self) -> None:
        try:
            while group := self._next_group():
                await self._answer_all(group)
        except asyncio.CancelledError:
            # A pump that is cancelled leaves nobody waiting for ever.
            while self._waiting:
                self._waiting.popleft().answer.cancel()
            raise
        finally:
            # At once, and not by a callback: whoever asks next has to know that nobody pumps.
            self._pumps -= {task for task in self._pumps if task is asyncio.current_task()}

    async def _answer_all(self, group: list[_Waiting]) -> None:
        names = {name for waiting in group for name in waiting.names}
        self._under_way |= names
        try:
            await self._commit(group)
        finally:
            self._under_way -= names

    def _next_group(self) -> list[_Waiting]:
        """Take who waits, but for those who have gone and those who must wait for another."""
        group, later, taken = list[_Waiting](), list[_Waiting](), set(self._under_way)
        while self._waiting and len(group) < GROUP:
            waiting = self._waiting.popleft()
            if waiting.answer.done():
                continue
            (later if taken & waiting.names else group).append(waiting)
            taken |= waiting.names
        self._waiting.extendleft(reversed(later))
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        try:
            outcomes = await self._together(group)
        except Exception as error:  # noqa: BLE001 (whatever it is, the whole group has to hear it)
            for waiting in group:
                _answer(waiting.answer, _Failed(lost(error)))
        except BaseException:
            for waiting in group:
                waiting.answer.cancel()
            raise
        else:
            self._tell(group, outcomes)

    def _tell(self, group: Sequence[_Waiting], outcomes: Sequence[_Outcome]) -> None:
        deferred = []
        for waiting, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, _Deferred):
                deferred.append(waiting)
            else:
                _answer(waiting.answer, outcome)
        self._waiting.extendleft(reversed(deferred))

    async def _together(self, group: Sequence[_Waiting]) -> list[_Outcome]:
        try:
            return await self._in_transaction(group)
        except _RefusedError:
            return [await self._alone(waiting) for waiting in group]

    async def _alone(self, waiting: _Waiting) -> _Outcome:
        """Answer one turn by itself, and tell it what was refused."""
        for _ in range(_TWICE - 1):
            try:
                return (await self._in_transaction([waiting]))[0]
            except _RefusedError:
                continue
        try:
            return (await self._in_transaction([waiting]))[0]
        except _RefusedError as refused:
            return _Failed(_named(refused.__cause__))
        except StorageError as error:
            return _Failed(error)

    async def _in_transaction(self, group: Sequence[_Waiting]) -> list[_Outcome]:
        try:
            return await self._database.write(lambda c: _turns(c, group, holds_kinds=False))
        except _BookedMeanwhileError:
            return await self._database.write(lambda c: _turns(c, group, holds_kinds=True))


async def _turns(
    connection: Connection, group: Sequence[_Waiting], *, holds_kinds: bool
) -> list[_Outcome]:
    """Read for a group, let each turn decide, write for all."""
    numbers = await hold(connection, [waiting.key for waiting in group])
    if holds_kinds:
        await hold_kinds(connection)
    common = await read_common(connection)
    recalled = await recall(connection, [waiting.key for waiting in group], numbers)
    outcomes, rows, after = list[_Outcome](), list[Rows](), common
    met = set[str]()
    for place, (waiting, kept) in enumerate(zip(group, recalled, strict=True)):
        number = numbers.get(place)
        if number in met:
            outcomes.append(_Deferred())
            continue
        if number is not None:
            met.add(number)
        try:
            decision = waiting.decide(kept.memory(after))
            rows.append(list(spread(decision.changes, place)))
        except Exception as error:  # noqa: BLE001 (its caller hears it, and nobody else)
            outcomes.append(_Failed(error))
            continue
        outcomes.append(_Done(decision.answer))
        after = after.after(decision.changes)
    if after.kinds != common.kinds and await hold_kinds(connection) != common.kinds:
        raise _BookedMeanwhileError
    try:
        await write(connection, in_waves(rows))
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
        raise _RefusedError from error
    return outcomes


def _names(key: Key) -> Iterator[Hashable]:
    """Name all by which another turn may concern the same; who names nothing may mean anybody."""
    named = (
        ("customer", key.customer),
        ("address", key.address),
        ("hash", key.address_hash),
        ("link", key.link_hash),
        ("credit", key.credit),
        ("inbox", key.inbox),
        ("request", key.request),
    )
    names: list[Hashable] = [(kind, name) for kind, name in named if name is not None]
    yield from names or [("nobody", "")]
    yield from (("hash", address) for address in key.address_hashes)


def _answer(answer: asyncio.Future[object], outcome: _Done | _Failed) -> None:
    """Answer whoever still waits."""
    if answer.done():
        return
    match outcome:
        case _Done(value):
            answer.set_result(value)
        case _Failed(error):
            answer.set_exception(error)


def _named(error: BaseException | None) -> Exception:
    """Say what was refused."""
    if isinstance(error, asyncpg.UniqueViolationError) and error.table_name == "contacts":
        taken = AddressTakenError()
        taken.__cause__ = error
        return taken
    assert isinstance(error, Exception)  # noqa: S101 - it was raised from one
    return lost(error)
