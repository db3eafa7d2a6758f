"""Killed between commit and answer: what was committed stands, and a repeat is handled once."""

import signal
import sys
from pathlib import Path

import anyio
import pytest

from storage.changes import Decision, Remember
from storage.memory import InboxKey, Key, Memory
from storage.sqlite.store import SqliteStore
from tests.cast import NOON
from tests.soak import SOAK
from tests.storage.keepers import bodies, to

pytestmark = pytest.mark.anyio

TOLD = "tel:+491713920011"


def answer(memory: Memory, name: str) -> Decision[bool]:
    """Say something, unless that has been done."""
    if memory.seen is not None:
        return Decision(answer=False)
    seen = Remember(InboxKey("sms", name), b"", "", NOON)
    return Decision(answer=True, changes=(seen, to(f"{TOLD}{name}", name)))


async def handle(store: SqliteStore, name: str, customer: str | None = None) -> bool:
    """Handle a message once."""
    key = Key(customer=customer, inbox=InboxKey("sms", name))
    return await store.turn(key, lambda memory: answer(memory, name))


CHILD = """
import asyncio, sys
from pathlib import Path
from storage.sqlite.store import SqliteStore
from storage.sqlite.writer import Writer
from tests.storage.test_kill import handle

async def freeze_before_the_answer(self, group, do=Writer._do):
    outcomes = await do(self, group)
    print("committed", flush=True)
    sys.stdin.read()
    return outcomes

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]))
    Writer._do = freeze_before_the_answer
    customer = sys.argv[2] or None
    await asyncio.gather(*(handle(store, f"m{n}", customer) for n in range(3)))

asyncio.run(main())
"""


@pytest.mark.parametrize("_", range(SOAK))
@pytest.mark.parametrize("customer", ["somebody", ""], ids=["short", "long"])
async def test_a_kill_between_commit_and_answer_loses_and_doubles_nothing(
    tmp_path: Path, customer: str, _: int
) -> None:
    path = tmp_path / "bot.db"
    command = [sys.executable, "-c", CHILD, str(path), customer]
    async with await anyio.open_process(command, stderr=None) as child:
        assert child.stdout is not None
        assert await child.stdout.receive(9) == b"committed"
        child.kill()
        assert await child.wait() == -signal.SIGKILL

    store = await SqliteStore.open(path)
    repeated = [await handle(store, f"m{n}") for n in range(4)]

    assert repeated == [False, False, False, True]
    assert await bodies(store) == ["m0", "m1", "m2", "m3"]
    await store.close()
