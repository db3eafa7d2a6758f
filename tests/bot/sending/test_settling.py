"""Settling: what is known together is recorded together, and nobody spoils it for the others."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from flows.customer import Address
from storage.errors import StorageError
from storage.outbox import OutboxState, Settle
from tests.bot.relay_bench import Bench
from tests.fakes.outbox import MemoryOutbox

pytestmark = pytest.mark.anyio


class CountingOutbox(MemoryOutbox):
    """An outbox that notes how many outcomes come together, and cannot record one of them."""

    __slots__ = ("sizes", "spoilt")
    sizes: list[int]
    spoilt: int

    async def settle(self, settlements: Sequence[Settle]) -> None:
        self.sizes.append(len(settlements))
        if self.spoilt in {settlement.id for settlement in settlements}:
            raise StorageError
        await MemoryOutbox.settle(self, settlements)


def counting(bench: Bench, spoilt: int = 0) -> CountingOutbox:
    """Give a bench such an outbox, with six messages in it."""
    outbox = CountingOutbox(bench.outbox.rows)
    outbox.sizes, outbox.spoilt = [], spoilt
    bench.outbox = bench.handler.outbox = outbox
    bench.restart()
    for n in range(10, 16):
        bench.add(Address(f"tel:+4917139200{n}"))
    return outbox


async def test_what_ends_in_the_same_moment_is_recorded_by_one_call() -> None:
    bench = Bench()
    outbox = counting(bench)

    await bench.relay.tick()

    assert {kept.state for kept in outbox.rows.values()} == {OutboxState.ACCEPTED}
    assert outbox.sizes == [6]


async def test_one_that_cannot_be_recorded_spoils_it_for_nobody_else() -> None:
    bench = Bench()
    outbox = counting(bench, spoilt=3)

    await bench.relay.tick()

    states = {number: kept.state for number, kept in outbox.rows.items()}
    assert states.pop(3) is OutboxState.POSTING  # its lease will tell
    assert set(states.values()) == {OutboxState.ACCEPTED}
    assert bench.clock() - bench.outbox.rows[3].row.due < timedelta(seconds=60)
