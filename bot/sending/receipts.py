"""What providers say later of messages that have left: statuses, refusals, proven doubles."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from bot.channels.channel import Fault, Refused
from bot.metrics import Metrics
from bot.sending.lanes import HALTED, HALTING, LATER, Outbox, resent_name
from flows.customer import Address
from storage.deliveries import Deliveries
from storage.outbox import Again, Receipt

LAST = 1000  # messages among which the filtered ones are counted
ENOUGH = 100  # fewer prove nothing
TOO_MANY = 0.01

CLOSING = {Fault.ADDRESS, Fault.OPTED_OUT, Fault.BLOCKED}
OnRefused = Callable[[str | None, Address, Refused], Awaitable[None]]
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Receipts:
    """Notes the receipts of one lane.

    `judge` reads an error code of the provider, `retries` how often what failed with it may leave
    again; `on_refused` closes an address (its customer is not named by a receipt). Behind a
    messaging service most refusals come only this way.
    """

    lane: str
    outbox: Outbox
    deliveries: Deliveries
    judge: Callable[[str | None], Fault | None]
    retries: Callable[[str | None], int]
    on_refused: OnRefused
    metrics: Metrics

    async def note(self, receipt: Receipt, to: Address | None) -> None:
        """Note one receipt, in any order and however often; raises StorageError."""
        again = Again(receipt.at + LATER, attempts=1 + self.retries(receipt.code))
        is_known = await self.outbox.receipt(replace(receipt, again=again))
        if not is_known and receipt.tag:
            await self._check_double(receipt, resent_name(receipt.tag))
        self.metrics.receipts.labels(self.lane, _label(receipt), receipt.code or "").inc()
        fault = self.judge(receipt.code)
        if fault in CLOSING and to is not None:
            await self.on_refused(None, to, Refused(fault, receipt.code or ""))
        elif fault in HALTING:
            await self._halt(receipt)
        elif fault is Fault.CONTENT and receipt.code is not None:
            await self._check_filter(receipt.code)

    async def _check_double(self, receipt: Receipt, name: str) -> None:
        """Count a message once whose given-up attempt turns out to have left after all."""
        if await self.outbox.get(name):
            await self.outbox.put(name, "")
            self.metrics.doubles.labels(self.lane).inc()
            log.error("proven_double", lane=self.lane, ref=receipt.ref)

    async def _check_filter(self, code: str) -> None:
        """Sound the alarm if carriers take more than one message in a hundred for spam."""
        share = await self.deliveries.share(self.lane, code, LAST)
        self.metrics.filtered.labels(self.lane).set(share.ended / max(share.of, 1))
        if share.of >= ENOUGH and share.ended > TOO_MANY * share.of:
            log.error(
                "messages_filtered", lane=self.lane, code=code, ended=share.ended, of=share.of
            )

    async def _halt(self, receipt: Receipt) -> None:
        self.metrics.paused.labels(self.lane).set(1)
        log.error("lane_halted", lane=self.lane, reason=receipt.code)
        await self.outbox.pause_lane(self.lane, receipt.at + HALTED, f"callback {receipt.code}")


def _label(receipt: Receipt) -> str:
    """Name a status; one that we do not know must not become a label of its own."""
    return receipt.status if receipt.rank >= 0 else "other"
