"""How long many credits take on loopback, and whether the operator's rate is ever exceeded.

By hand: `python -m tests.bench.crediting [CREDITS] [PER_SECOND]`. The operator is a process of its
own that takes an order, books it by the first time it is asked, and counts what comes.
"""

import asyncio
import multiprocessing
import resource
import socket
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.carrier.bodies import Dialect
from bot.carrier.crediting import Crediting
from bot.carrier.paging import Lists
from bot.carrier.patience import Patience, at_once_for
from bot.carrier.tmf654 import Tmf654
from bot.carrier.transport import HttpTransport
from bot.credits.ledger import check
from flows.credit import CreditState, credit_id
from flows.customer import Address, Basis, Contact, Customer
from flows.events import AppInstalled, PortalRegistered, VideoWatched
from flows.journey import Journey
from storage.changes import Book, Change, Decision, PutCredit, PutCustomer, PutJourney
from storage.memory import CreditRow, Key
from tests.bot.programme_house import HandClock, ProgrammeHouse, programme_house
from tests.cast import NOON, TERMS, after, member

STEPS = TERMS.tasks
AT_ONCE = 500


# --- The operator -------------------------------------------------------------------------------


@dataclass
class Counting:
    """Takes orders, books them when it is asked, and keeps the busiest second."""

    booked: dict[str, int] = field(default_factory=dict)
    last: deque[float] = field(default_factory=deque)
    busiest: int = 0
    requests: int = 0

    def note(self) -> None:
        """Count a request within the second that ends with it."""
        now = time.monotonic()
        self.requests += 1
        self.last.append(now)
        while self.last[0] <= now - 1:
            self.last.popleft()
        self.busiest = max(self.busiest, len(self.last))

    async def book(self, request: Request) -> Response:
        """Take an order."""
        self.note()
        wanted = msgspec.json.decode(await request.body())
        name = wanted["description"]
        self.booked[name] = self.booked.get(name, 0) + 1
        return _json({"id": name, "status": "created"}, 201)

    async def show(self, request: Request) -> Response:
        """Show an order, which is booked by now."""
        self.note()
        return _json({"id": request.path_params["id"], "status": "completed"}, 200)


def _json(value: object, status: int) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def operate(listener: socket.socket, ends: Connection) -> None:
    """Serve until somebody asks what came."""
    counting = Counting()
    routes = [
        Route("/topupBalance", counting.book, methods=["POST"]),
        Route("/topupBalance/{id}", counting.show),
    ]
    config = uvicorn.Config(Starlette(routes=routes), log_level="critical", lifespan="off")
    server = uvicorn.Server(config)

    async def serve() -> None:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await asyncio.to_thread(ends.recv)
        server.should_exit = True
        await serving
        doubles = sum(times > 1 for times in counting.booked.values())
        ends.send((counting.requests, counting.busiest, len(counting.booked), doubles))

    asyncio.run(serve())


# --- Our side -----------------------------------------------------------------------------------


@dataclass(slots=True)
class RealClock(HandClock):
    """A clock that runs as the machine's does, from noon on."""

    start: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=time.monotonic() - self.start)


async def fill(house: ProgrammeHouse, customers: int) -> None:
    """Put customers into the database who have earned all three credits of the steps."""
    done = (PortalRegistered(at=NOON), VideoWatched(at=NOON, share=1), AppInstalled(at=NOON))
    journey = after(member(), *done)
    for begin in range(0, customers, AT_ONCE):
        numbers = range(begin, min(begin + AT_ONCE, customers))
        await asyncio.gather(*(_enter(house, journey, f"{n:07}") for n in numbers))


async def _enter(house: ProgrammeHouse, journey: Journey, number: str) -> None:
    contact = Contact(Address(f"tel:+49171{number}"))
    who = Customer(number, "en", Basis.CONSENT, (contact,), bucket=f"B{number}", account=number)
    state, step = "streak", "streak"
    entries = (("budget", -TERMS.total_megabytes), (f"liability:{number}", TERMS.total_megabytes))
    changes: tuple[Change, ...] = (
        PutCustomer(who, NOON),
        PutJourney(replace(journey, customer=number), state, step, 0, NOON),
        Book(NOON, "reserve", number, entries),
        *(PutCredit(_earned(number, step)) for step in STEPS),
    )
    await house.store.turn(Key(customer=number), lambda _: Decision(None, changes))


def _earned(number: str, step: str) -> CreditRow:
    id_ = credit_id(TERMS.name, number, step)
    return CreditRow(id_, number, step, 1, TERMS.reward(step), CreditState.EARNED, NOON, NOON)


async def carry(house: ProgrammeHouse, url: str, per_second: float) -> None:
    """Let the worker do everything that there is to do."""
    transport = HttpTransport(url, per_second=per_second)
    client = Tmf654(transport, Dialect(), Lists())
    worker = Crediting(
        house.store,
        house.credits,
        client,
        house.clock,
        alarm=print,
        patience=Patience(at_once=at_once_for(per_second)),
    )
    while (due := await worker.tick()) is not None:  # noqa: ASYNC110 - it polls, as the clock runs
        await asyncio.sleep(max(0.0, (due - house.clock()).total_seconds()))
    await transport.close()


async def measure(folder: Path, count: int, per_second: float, url: str) -> None:
    """Fill, carry, check, and say how long it took."""
    async with programme_house(folder, clock=RealClock()) as house:
        began = time.monotonic()
        await fill(house, -(-count // len(STEPS)))
        print(f"filled in {time.monotonic() - began:.0f} s")
        began, cpu = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
        await carry(house, url, per_second)
        took = time.monotonic() - began
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime
        print(f"{count} credits in {took:.0f} s: {count / took:.0f}/s, {spent:.0f} s of CPU here")
        began = time.monotonic()
        checked = await check(house.store, house.house.terms)
        print(f"check in {time.monotonic() - began:.0f} s: {checked.ok}, {dict(checked.accounts)}")


def main(count: int = 100_000, per_second: float = 1000) -> None:
    """Measure once."""
    with socket.socket() as listener, tempfile.TemporaryDirectory() as folder:
        listener.bind(("127.0.0.1", 0))
        ours, theirs = multiprocessing.Pipe()
        operator = multiprocessing.Process(target=operate, args=(listener, theirs))
        operator.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        asyncio.run(measure(Path(folder), count, per_second, url))
        ours.send("done")
        requests, busiest, credits_, doubles = ours.recv()
        operator.join()
    print(
        f"operator: {requests} requests, at most {busiest} in any second (limit {per_second:.0f})"
    )
    print(f"operator: {credits_} credits, {doubles} booked twice")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
