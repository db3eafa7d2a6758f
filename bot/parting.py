"""How messages part from us: each lane with its sender, its pace, and a message's freshness."""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.channels.channel import Clock, Refused, Sender
from bot.metrics import Metrics
from bot.premises import Premises
from bot.sending.courtesy import Courtesy
from bot.sending.lanes import HORIZON_S, Lane, Surroundings
from bot.sending.parcels import Parcels, never_silent
from bot.sending.receipts import OnRefused
from bot.sending.relay import Relay
from bot.turns.personal_links import revealed
from bot.turns.routing import PRIORITIES
from flows.calendar import next_loud, next_quiet
from flows.campaign import Campaign
from flows.customer import Address, Channel
from flows.effects import Purpose
from storage.outbox import OutboxRow
from storage.pace import Allowance

IN_FLIGHT = {Channel.SMS: 20, Channel.TELEGRAM: 50}
_CHAT = Allowance(burst=3, every=timedelta(seconds=1))
_GROUP = Allowance(burst=3, every=timedelta(seconds=4))  # 18 a minute, of the 20 that are allowed


def of_chat(recipient: str) -> Allowance:
    """Tell what a Telegram chat bears (facts/telegram.md 4.2); a group's id is negative."""
    return _GROUP if recipient.startswith("telegram:-") else _CHAT


ALLOWANCES = {Channel.TELEGRAM: of_chat}


@dataclass(frozen=True, slots=True)
class Freshness:
    """How long a row is worth arriving: until its use-by, and nothing unasked at night.

    What leaves at night without being a customer's answer (managers are told of a question) wakes
    nobody.
    """

    terms: Campaign
    clock: Callable[[], datetime]

    def __call__(self, row: OutboxRow) -> timedelta | None:
        """Give the length from now, None if the provider may keep trying."""
        ends = [row.use_by] if row.use_by else []
        if row.priority > PRIORITIES[Purpose.ANSWER]:
            ends.append(next_quiet(self.clock(), self.terms.zone, self.terms.messages.quiet))
        return min(ends) - self.clock() if ends else None

    def is_silent(self, row: OutboxRow) -> bool:
        """Tell whether a row leaves at night and answers no customer."""
        if row.customer is not None and row.priority == PRIORITIES[Purpose.ANSWER]:
            return False
        now, rule = self.clock(), self.terms.messages
        loud = next_loud(now, self.terms.zone, rule.quiet, workdays_only=False, land=rule.land)
        return loud > now


def refuser(premises: Premises) -> OnRefused:
    """Close whatever address a provider calls closed."""

    async def refused(customer: str | None, address: Address, refusal: Refused) -> None:
        del customer
        await premises.conversations.refused(address, refusal.fault)

    return refused


def lane_of(sender: Sender, premises: Premises) -> Lane:
    """Make the lane of a channel."""
    fresh = Freshness(premises.terms.current, premises.clock)
    name = premises.house.lanes.lane(sender.channel) or sender.channel.value
    return Lane(
        name,
        Parcels(
            sender,
            fresh,
            refuser(premises),
            partial(revealed, keys=premises.keys),
            fresh.is_silent if sender.channel is Channel.TELEGRAM else never_silent,
        ),
        premises.rates.get(sender.channel),
        IN_FLIGHT.get(sender.channel, 10),
        ALLOWANCES.get(sender.channel),
        prepare=sender.prepare,
    )


def relay_of(
    premises: Premises, lanes: tuple[Lane, ...], metrics: Metrics, horizon_s: float = HORIZON_S
) -> Relay:
    """Make the relay of this process; here chance enters."""
    around = Surroundings(
        clock=premises.clock,
        until=waiting_by(premises.clock),
        chance=random.random,
        metrics=metrics,
        node=secrets.token_hex(4),
        horizon_s=horizon_s,
        permit=Courtesy(lambda: premises.terms.current),
        keyed=lambda recipient: premises.keys.of_address(Address(recipient)),
    )
    return Relay(premises.store, lanes, around)


def waiting_by(clock: Clock) -> Callable[[datetime], Awaitable[None]]:
    """Wait until a moment of the clock, however it moves."""

    async def until(moment: datetime) -> None:
        # A clock that is moved by hand may be there sooner than it seemed.
        while (ahead := (moment - clock()).total_seconds()) > 0:  # noqa: ASYNC110 - no event comes
            await asyncio.sleep(ahead)

    return until
