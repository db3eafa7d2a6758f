"""Who keeps the promise, and the few moves that tests of it share."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from flows.customer import Customer
from flows.journey import Journey
from storage.changes import Change, Decision, Enqueue, PutCustomer, PutJourney
from storage.memory import Key, Memory
from storage.outbox import Claim, OutboxRow, OutboxState, Settle
from storage.postgres.store import PostgresStore
from storage.sqlite.store import SqliteStore
from storage.store import Store
from tests.cast import ALICE, NOON
from tests.postgres import fast

LANE = "sms"
LEASE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


async def sqlite(folder: Path) -> Store:
    """Open a new SQLite database."""
    return await SqliteStore.open(folder / "bot.db")


async def postgres(folder: Path) -> Store:
    """Open the PostgreSQL database of this folder, a new one if there is none."""
    return await PostgresStore.open(await (await fast()).database(folder))


KEEPERS: dict[str, Callable[[Path], Awaitable[Store]]] = {"sqlite": sqlite, "postgres": postgres}


async def change(store: Store, *changes: Change, key: Key | None = None) -> None:
    """Let these changes happen in one turn."""
    await store.turn(key or Key(), lambda _: Decision(None, changes))


async def recall(store: Store, key: Key) -> Memory:
    """Read what a turn would decide on."""
    return await store.turn(key, _unchanged)


def _unchanged(memory: Memory) -> Decision[Memory]:
    return Decision(memory)


async def add(store: Store, *customers: Customer) -> None:
    """Import customers."""
    await change(store, *(PutCustomer(customer, NOON) for customer in customers))


def stands(journey: Journey, state: str = "invited", at: datetime = NOON) -> PutJourney:
    """Write where a customer stands."""
    return PutJourney(journey, state, "registration", 0, at)


def to(recipient: str, body: str = "Hello", due: datetime = NOON, priority: int = 2) -> Enqueue:
    """Put an answer to somebody into the outbox, for which nobody's consent matters."""
    return Enqueue(
        lane=LANE,
        priority=priority,
        recipient=recipient,
        line="Status",
        body=body,
        due=due,
        created_at=NOON,
        customer=ALICE.number,
        is_unasked=False,
    )


async def claim(
    store: Store,
    now: datetime = NOON,
    *,
    limit: int = 100,
    rate: float | None = None,
    horizon_s: float = 0.2,
    lead_s: float = 0.0,
) -> tuple[OutboxRow, ...]:
    """Claim what is due and may leave."""
    span = (horizon_s, lead_s)
    wanted = Claim(LANE, "node", now, now + LEASE, limit, rate, *span)
    return (await store.claim(wanted)).rows


async def bodies(store: Store, now: datetime = NOON) -> list[str]:
    """Claim what is due, and give its words."""
    return [row.body for row in await claim(store, now)]


async def sent(store: Store, row: OutboxRow, ref: str | None = "SM1", at: datetime = NOON) -> None:
    """Let the provider accept a claimed row."""
    await store.settle([Settle(row.id, OutboxState.ACCEPTED, at, ref=ref)])


async def states(store: Store, customer: str = ALICE.number) -> list[tuple[str, str | None]]:
    """Tell state and reason of a customer's messages."""
    dossier = await store.dossier(customer)
    assert dossier is not None
    return [(message.state.value, message.reason) for message in dossier.messages]
