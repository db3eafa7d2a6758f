"""Small things that come one by one share a transaction: all that arrive while one is under way."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from storage.postgres.database import lost

A = TypeVar("A")
B = TypeVar("B")

MOST = 256


class Together(Generic[A, B]):
    """Does a piece of work for all who ask at the same time; `work` answers each in their order.

    What it raises all of them hear, so it has to be something that can be repeated.
    """

    def __init__(self, work: Callable[[Sequence[A]], Awaitable[Sequence[B]]]) -> None:
        self._work = work
        self._waiting: list[tuple[A, asyncio.Future[B]]] = []
        self._pump: asyncio.Task[None] | None = None

    async def ask(self, what: A) -> B:
        """Have it done; the answer comes after the commit."""
        answer: asyncio.Future[B] = asyncio.get_running_loop().create_future()
        self._waiting.append((what, answer))
        if self._pump is None:
            self._pump = asyncio.create_task(self._pump_dry())
        return await answer

    async def close(self) -> None:
        """Finish what waits."""
        if self._pump is not None:
            await self._pump

    async def _pump_dry(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._do([one for one in some if not one[1].done()])
        finally:
            self._pump = None

    async def _do(self, some: Sequence[tuple[A, asyncio.Future[B]]]) -> None:
        try:
            answers = await self._work([what for what, _ in some])
        except Exception as error:  # noqa: BLE001 (whatever it is, all of them have to hear it)
            for _, answer in some:
                if not answer.done():
                    answer.set_exception(lost(error))
            return
        for (_, answer), said in zip(some, answers, strict=True):
            if not answer.done():
                answer.set_result(said)
