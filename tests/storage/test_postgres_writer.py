"""Many turns in one transaction on PostgreSQL: each whole or not at all, on any number of nodes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from flows.customer import Address, Contact, Customer
from storage.changes import Append, Book, Change, Decision, PutCustomer, Remember
from storage.errors import AddressTakenError, ClosedError, OverloadedError, StorageError
from storage.memory import InboxKey, Key, Memory
from storage.postgres.store import PostgresStore
from tests.cast import ALICE, NOON
from tests.postgres import fast, run
from tests.storage.keepers import add, recall

pytestmark = pytest.mark.anyio

MEGABYTES = 3600
PLACES = 10


@pytest.fixture
async def url(tmp_path: Path) -> str:
    return await (await fast()).database(tmp_path)


@pytest.fixture
async def nodes(url: str) -> AsyncIterator[Sequence[PostgresStore]]:
    opened = [await PostgresStore.open(url) for _ in range(3)]
    yield opened
    for node in opened:
        await node.close()


@pytest.fixture
def node(nodes: Sequence[PostgresStore]) -> PostgresStore:
    return nodes[0]


def somebody(n: int) -> Customer:
    contact = Contact(Address(f"tel:+4917139200{n:02}"))
    return replace(ALICE, number=f"{200_000 + n}", contacts=(contact,))


def entry(customer: str, n: int, kind: str = "Heard") -> Append:
    return Append(customer, n, NOON, NOON, kind, "{}", "sms", "", b"")


def consents(customer: str) -> Callable[[Memory], Decision[bool]]:
    """Enrol somebody while the budget bears it."""

    def decide(memory: Memory) -> Decision[bool]:
        if memory.reserved_megabytes + MEGABYTES > PLACES * MEGABYTES:
            return Decision(answer=False)
        entries = (("budget", -MEGABYTES), (f"liability:{customer}", MEGABYTES))
        return Decision(True, (Book(NOON, "reserve", customer, entries),))  # noqa: FBT003

    return decide


async def test_a_budget_for_ten_takes_ten_however_many_come_at_once_on_however_many_nodes(
    nodes: Sequence[PostgresStore],
) -> None:
    people = [somebody(n) for n in range(99)]
    await add(nodes[0], *people)

    answers = await asyncio.gather(
        *(
            nodes[n % len(nodes)].turn(Key(customer=who.number), consents(who.number))
            for n, who in enumerate(people)
        )
    )

    assert sum(answers) == PLACES
    assert (await recall(nodes[0], Key())).reserved_megabytes == PLACES * MEGABYTES


async def test_turns_of_one_customer_see_one_another_whoever_answers_them(
    nodes: Sequence[PostgresStore],
) -> None:
    await add(nodes[0], ALICE)

    def decide(memory: Memory) -> Decision[int]:
        n = memory.entries + 1
        return Decision(n, (entry(ALICE.number, n),))

    by_number, by_address = Key(customer=ALICE.number), Key(address=ALICE.contacts[0].address)
    answers = await asyncio.gather(
        *(nodes[n % len(nodes)].turn(by_address if n % 2 else by_number, decide) for n in range(30))
    )

    assert sorted(answers) == list(range(1, 31))


async def test_a_message_that_comes_to_all_nodes_at_once_is_handled_once(
    nodes: Sequence[PostgresStore],
) -> None:
    key = Key(inbox=InboxKey("sms", "SM1"), address_hash=b"stranger")

    def decide(memory: Memory) -> Decision[str]:
        if memory.seen is not None:
            return Decision("repeat")
        assert key.inbox is not None
        return Decision("applied", (Remember(key.inbox, b"", "applied", NOON),))

    answers = await asyncio.gather(*(nodes[n % 3].turn(key, decide) for n in range(12)))

    assert sorted(answers) == ["applied", *["repeat"] * 11]


async def test_a_turn_that_is_refused_leaves_its_neighbours_alone(node: PostgresStore) -> None:
    people = [somebody(n) for n in range(5)]
    await add(node, *people)
    taken = replace(people[3], contacts=people[4].contacts)

    def turn(who: Customer, *changes: Change) -> asyncio.Future[None]:
        return asyncio.ensure_future(
            node.turn(Key(customer=who.number), lambda _: Decision(None, changes))
        )

    answers = await asyncio.gather(
        turn(people[0], entry(people[0].number, 1)),
        turn(people[1], entry(people[1].number, 1), entry(people[1].number, 1)),
        turn(people[2], entry(people[2].number, 1)),
        turn(people[3], PutCustomer(taken, NOON)),
        return_exceptions=True,
    )

    assert [type(answer) for answer in answers] == [
        type(None), StorageError, type(None), AddressTakenError,
    ]  # fmt: skip
    heard = [(await recall(node, Key(customer=who.number))).entries for who in people]
    assert heard == [1, 0, 1, 0, 0]


async def test_what_a_refusal_says_names_nobody(node: PostgresStore) -> None:
    await add(node, ALICE)
    twice = (entry(ALICE.number, 1), entry(ALICE.number, 1))

    with pytest.raises(StorageError) as refused:
        await node.turn(Key(customer=ALICE.number), lambda _: Decision(None, twice))

    assert ALICE.number not in str(refused.value)


async def test_a_connection_lost_in_commit_leaves_the_outcome_unknown_and_a_repeat_harmless(
    node: PostgresStore, url: str
) -> None:
    await run(
        url,
        "create function die() returns trigger language plpgsql as $$ begin"
        " perform pg_terminate_backend(pg_backend_pid()); return null; end $$",
        "create constraint trigger dies after insert on inbox deferrable initially deferred"
        " for each row execute function die()",
    )
    key = Key(inbox=InboxKey("sms", "SM1"))

    def decide(memory: Memory) -> Decision[str]:
        assert key.inbox is not None
        new = (Remember(key.inbox, b"", "applied", NOON),)
        return Decision("applied", () if memory.seen else new)

    with pytest.raises(StorageError):
        await node.turn(key, decide)
    await run(url, "drop trigger dies on inbox", "drop function die")

    assert await node.turn(key, decide) == "applied"
    assert (await recall(node, key)).seen is not None


async def test_a_server_that_was_gone_is_used_again_by_itself(
    node: PostgresStore, url: str
) -> None:
    await add(node, ALICE)
    name = url.partition("?")[0].rpartition("/")[2]
    server = (await fast()).url
    out = "select pg_terminate_backend(pid) from pg_stat_activity where datname = "
    await run(server, f'alter database "{name}" allow_connections false', f"{out}'{name}'")

    with pytest.raises(StorageError):
        await node.turn(Key(customer=ALICE.number), lambda _: Decision(None))
    with pytest.raises(StorageError):
        await node.get("anything")
    await run(server, f'alter database "{name}" allow_connections true')

    assert (await recall(node, Key(customer=ALICE.number))).customer == ALICE


async def test_too_many_turns_are_refused_and_none_after_closing(url: str) -> None:
    node = await PostgresStore.open(url, longest_queue=2)
    waiting = [
        asyncio.ensure_future(node.turn(Key(), lambda _: Decision("done"))) for _ in range(4)
    ]

    answers = await asyncio.gather(*waiting, return_exceptions=True)
    await node.close()

    assert [a for a in answers if not isinstance(a, OverloadedError)] == ["done", "done"]
    with pytest.raises(ClosedError):
        await node.turn(Key(), lambda _: Decision(None))
    with pytest.raises(ClosedError):
        await node.get("anything")


async def test_of_two_who_keep_something_at_once_one_is_first(
    nodes: Sequence[PostgresStore],
) -> None:
    kept = await asyncio.gather(*(node.keep_once("key", str(n)) for n, node in enumerate(nodes)))

    assert len(set(kept)) == 1
    assert await nodes[0].get("key") == kept[0]
