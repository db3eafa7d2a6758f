"""The crew of this process: its workers, its relay and its channels' loops, and their bells."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial

from bot.fence import once_lifted
from bot.premises import Premises
from bot.pulse import Pulse
from bot.sending.relay import Relay
from bot.shift import OnShift, Shift, ring_often
from bot.workers import Worker, keep_ticking

Task = Coroutine[object, object, None]
Loop = Callable[[asyncio.Event], Task]


@dataclass(frozen=True, slots=True)
class Crew:
    """Who works here: all workers while the shift is ours, relay and loops always.

    A copy of a database that is fenced sends nothing, and takes nothing from its twin.
    """

    workers: Sequence[Worker]
    relay: Relay
    loops: Sequence[Loop]
    pulse: Pulse

    def at_work(self, premises: Premises, stop: asyncio.Event, *, is_apart: bool) -> list[Task]:
        """Give what they do until told to stop; `is_apart` from those who put work in."""
        relay_bell = asyncio.Event()
        bells = [asyncio.Event() for _ in self.workers]

        def ring() -> None:
            for bell in (relay_bell, *bells):
                bell.set()

        premises.bell.listener = ring
        shift = Shift(premises.store, secrets.token_hex(4), premises.clock)
        return [
            once_lifted(premises.store, stop, lambda: self.relay.run(stop, relay_bell)),
            *([ring_often(relay_bell, stop)] if is_apart else []),
            *(once_lifted(premises.store, stop, partial(loop, stop)) for loop in self.loops),
            shift.give_back(stop),
            *(
                keep_ticking(
                    OnShift(worker, shift),
                    premises.clock,
                    stop,
                    bell,
                    self.pulse,
                    type(worker).__name__,
                )
                for worker, bell in zip(self.workers, bells, strict=True)
            ),
        ]
