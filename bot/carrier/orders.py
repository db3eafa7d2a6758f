"""Orders to the operator under one resource of TMF654: placed once, followed, and found again.

A credit is ordered by `topupBalance`, and taken back by `adjustBalance`. Nothing is ever repeated
here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import quote
from uuid import UUID

from bot.carrier.bodies import Dialect, Topup, Version, name_of, order_body, signed_megabytes_of
from bot.carrier.buckets import Buckets
from bot.carrier.carrier import (
    Booked,
    CarrierAnswer,
    Contested,
    CreditOrder,
    Failed,
    Halted,
    Record,
    Rejected,
    Unclear,
    UnusableOrderError,
)
from bot.carrier.meanings import after_get, after_post, best, halted_by, standing
from bot.carrier.paging import Incomplete, Lists
from bot.carrier.transport import NoReply, Reply, Transport

_ABSENT = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)


class Resource(StrEnum):
    """Where orders of one kind are placed."""

    TOPUP = "/topupBalance"
    ADJUSTMENT = "/adjustBalance"


@dataclass(frozen=True, slots=True)
class Orders:
    """Places orders under one resource, and follows them until they are terminal."""

    resource: Resource
    transport: Transport
    dialect: Dialect
    lists: Lists

    @property
    def sends_validity(self) -> bool:
        """Tell whether the operator is told until when the volume shall be usable (4.0 only)."""
        return self.resource is Resource.TOPUP and self.dialect.version is Version.V4_0

    async def request(self, order: CreditOrder) -> CarrierAnswer:
        """Ask for it, once; the bucket is looked up by number where it is not known."""
        placed = await self._placed(order)
        if not isinstance(placed, CreditOrder):
            return placed
        try:
            body = order_body(placed, self.dialect)
        except UnusableOrderError as error:
            return Failed(f"not sent: {error}")
        key = {"Idempotency-Key": str(order.credit_id)}
        reply = await self.transport.post(self.resource, body, key)
        if isinstance(reply, Reply) and reply.status == HTTPStatus.CONFLICT:
            return await self._settled_by_look_up(order)
        if self._is_not_offered(reply):
            return Rejected(f"the operator offers no {self.resource}; take it back by hand")
        answer = after_post(reply)
        if isinstance(answer, Booked) and answer.usable_until is None and self.sends_validity:
            return replace(answer, usable_until=order.valid_until)
        return answer

    async def follow(self, provider_id: str) -> CarrierAnswer | None:
        """Read one order by the operator's id; None if it does not know it."""
        return after_get(await self.transport.get(f"{self.resource}/{quote(provider_id, safe='')}"))

    async def look_up(self, credit_id: UUID, since: datetime) -> CarrierAnswer | None:
        """Search the list for our credit id; None only if the whole list lacks it."""
        query: dict[str, str] = {}
        if self.lists.filters:
            query = {self.dialect.kept_in.value: str(credit_id), "requestedDate.gte": _zulu(since)}
        rows = await self._list(query)
        if isinstance(rows, Incomplete):
            return halted_by(rows.at) or Unclear(rows.why)
        kept_in = self.dialect.kept_in
        return best([topup for topup in rows if topup.is_about(str(credit_id), kept_in)])

    async def look_up_all(
        self, credits_: Collection[UUID], since: datetime
    ) -> Mapping[UUID, CarrierAnswer | None]:
        """Search for many credits: one by one where the server filters, else in one reading."""
        if self.lists.filters:
            return {credit: await self.look_up(credit, since) for credit in credits_}
        rows = await self._list({})
        if isinstance(rows, Incomplete):
            return dict.fromkeys(credits_, halted_by(rows.at) or Unclear(rows.why))
        found: dict[UUID, list[Topup]] = {credit: [] for credit in credits_}
        for row in rows:
            if (credit := row.credit(self.dialect.kept_in)) in found:
                found[credit].append(row)
        return {credit: best(topups) for credit, topups in found.items()}

    async def records(self, since: datetime) -> tuple[Record, ...] | Incomplete:
        """List ours since a moment; older ones and those of others may be among them."""
        query = {}
        if self.lists.filters:
            query = {"channel.id": self.dialect.channel, "requestedDate.gte": _zulu(since)}
        rows = await self._list(query)
        if isinstance(rows, Incomplete):
            return () if self._is_not_offered(rows.at) else rows
        records = (self._record(row) for row in rows)
        return tuple(record for record in records if record is not None)

    async def _list(self, query: Mapping[str, str]) -> tuple[Topup, ...] | Incomplete:
        return await self.lists.read(self.transport, self.resource, list[Topup], query)

    async def _placed(self, order: CreditOrder) -> CreditOrder | Failed | Halted:
        """Fill in the ids of bucket and account that an order lacks; so far nothing is booked."""
        who = order.subscriber
        needs_account = self.resource is Resource.TOPUP and self.dialect.version is Version.V4_0
        if who.bucket and (who.account or not needs_account):
            return order
        buckets = await Buckets(self.transport, self.lists).of(who)
        if isinstance(buckets, Incomplete):
            halted = halted_by(buckets.at)
            if halted is not None:
                return replace(halted, may_have_booked=False)
            return Failed(f"not sent: the bucket cannot be looked up: {buckets.why}")
        if not buckets:
            return Failed("not sent: the number has no active data bucket")
        first = min(buckets, key=lambda bucket: bucket.is_shared is True)
        bucket, account = who.bucket or first.bucket_id, who.account or first.account
        return replace(order, subscriber=replace(who, bucket=bucket, account=account))

    async def _settled_by_look_up(self, order: CreditOrder) -> CarrierAnswer:
        """Answer a 409, which the published interface does not define."""
        match await self.look_up(order.credit_id, datetime.min.replace(tzinfo=UTC)):
            case None | Failed():
                # One that failed is an earlier attempt; with it nothing would conflict.
                return Contested("409, but no top-up carries our id")
            case Halted() as halted:
                return replace(halted, may_have_booked=True)
            case found:
                return found

    def _is_not_offered(self, reply: Reply | NoReply | None) -> bool:
        """Tell whether the operator lacks a resource that it may lack."""
        is_absent = isinstance(reply, Reply) and reply.status in _ABSENT
        return is_absent and self.resource is Resource.ADJUSTMENT

    def _record(self, topup: Topup) -> Record | None:
        """Read one line of the operator's books; None if it is certainly not about us."""
        credit, provider_id = topup.credit(self.dialect.kept_in), topup.provider_id
        is_ours = credit is not None or _id_in(topup.channel) == self.dialect.channel
        if provider_id is None or not is_ours:
            return None
        resource = topup.logical_resource
        line = resource[0] if isinstance(resource, list) and resource else resource
        megabytes = signed_megabytes_of(topup.amount)
        if megabytes is not None and self.resource is Resource.ADJUSTMENT:
            megabytes = -abs(megabytes)
        bucket = _id_in(topup.bucket)
        return Record(provider_id, credit, standing(topup), megabytes, bucket, _id_in(line))


def _id_in(reference: object) -> str | None:
    return name_of(reference.get("id")) if isinstance(reference, dict) else None


def _zulu(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
