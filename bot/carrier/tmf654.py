"""The operator's charging system by TM Forum TMF654 Prepay Balance, version 4.0 or 4.1.

The interface knows no idempotency: each order carries its credit id in `Idempotency-Key` and in a
body field that the operator keeps, so that it can be found again.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from bot.carrier.bodies import Dialect, Kept
from bot.carrier.buckets import Buckets
from bot.carrier.carrier import Bill, CarrierAnswer, CreditOrder, Record, Subscriber, Volume
from bot.carrier.facts import BillSource, VolumeSource
from bot.carrier.orders import Orders, Resource
from bot.carrier.paging import Incomplete, Lists
from bot.carrier.transport import Transport


class Tmf654:
    """Books credits, takes them back, and reads what is left."""

    def __init__(
        self,
        transport: Transport,
        dialect: Dialect,
        lists: Lists,
        *,
        usage: VolumeSource | None = None,
        bills: BillSource | None = None,
    ) -> None:
        """Take the way to the operator, its dialect, and where else facts are read, if anywhere."""
        self._transport = transport
        self._grants = Orders(Resource.TOPUP, transport, dialect, lists)
        # An adjustment has no voucher.
        kept_in = Kept.DESCRIPTION if dialect.kept_in is Kept.VOUCHER else dialect.kept_in
        dialect = replace(dialect, kept_in=kept_in)
        self.corrections = Orders(Resource.ADJUSTMENT, transport, dialect, lists)
        self._buckets = Buckets(transport, lists)
        self._usage = usage
        self._bills = bills

    @property
    def sends_validity(self) -> bool:
        """Tell whether the operator is told until when the volume shall be usable."""
        return self._grants.sends_validity

    async def request(self, order: CreditOrder) -> CarrierAnswer:
        """Ask for a credit, once."""
        return await self._grants.request(order)

    async def follow(self, provider_id: str) -> CarrierAnswer | None:
        """Read one top-up by the operator's id; None if it does not know it."""
        return await self._grants.follow(provider_id)

    async def look_up(self, credit_id: UUID, since: datetime) -> CarrierAnswer | None:
        """Search the top-ups for our credit id; None only if the whole list lacks it."""
        return await self._grants.look_up(credit_id, since)

    async def look_up_all(
        self, credits_: Collection[UUID], since: datetime
    ) -> Mapping[UUID, CarrierAnswer | None]:
        """Search the top-ups for many credits."""
        return await self._grants.look_up_all(credits_, since)

    async def records(self, since: datetime) -> tuple[Record, ...] | Incomplete:
        """List our top-ups and what was taken back; older ones may be among them."""
        booked = await self._grants.records(since)
        if isinstance(booked, Incomplete):
            return booked
        taken_back = await self.corrections.records(since)
        return taken_back if isinstance(taken_back, Incomplete) else (*booked, *taken_back)

    async def remaining(self, subscriber: Subscriber) -> Volume | None:
        """Add up what is left in the active data buckets, by TMF677 where that is set."""
        if self._usage is not None:
            return await self._usage.remaining(subscriber)
        return await self._buckets.remaining(subscriber)

    @property
    def has_bills(self) -> bool:
        """Tell whether bills can be read at all."""
        return self._bills is not None

    async def last_bill(self, subscriber: Subscriber) -> Bill | None:
        """Read the latest bill where TMF678 is set; the account is looked up if it is not known."""
        if self._bills is None:
            return None
        if subscriber.account is None:
            account = await self._buckets.own_account(subscriber)
            subscriber = replace(subscriber, account=account)
        return await self._bills.last_bill(subscriber)

    async def close(self) -> None:
        """Give back connections, those for the facts included."""
        for way in (self._transport, self._usage, self._bills):
            if way is not None:
                await way.close()
