"""The operator's charging system by TM Forum TMF654 Prepay Balance, version 4.0 or 4.1.

The interface knows no idempotency: each order carries its credit id in `Idempotency-Key` and in a
body field that the operator keeps, so that it can be found again. Nothing is ever repeated here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote
from uuid import UUID

from bot.carrier.bodies import (
    Bucket,
    Dialect,
    Fault,
    Topup,
    Version,
    digits,
    megabytes_of,
    name_of,
    order_body,
)
from bot.carrier.carrier import (
    Accepted,
    Bill,
    Booked,
    CarrierAnswer,
    Contested,
    CreditOrder,
    Failed,
    Halted,
    Record,
    Rejected,
    Standing,
    Subscriber,
    Unclear,
    UnusableOrderError,
    Volume,
)
from bot.carrier.facts import BillSource, VolumeSource, soonest
from bot.carrier.paging import Incomplete, Lists
from bot.carrier.transport import NoReply, Reply, Transport


class Tmf654:
    """Books credits by `POST /topupBalance` and follows them until they are terminal."""

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
        self._dialect = dialect
        self._lists = lists
        self._usage = usage
        self._bills = bills

    @property
    def sends_validity(self) -> bool:
        """Tell whether the operator is told until when the volume shall be usable (4.0 only)."""
        return self._dialect.version is Version.V4_0

    async def request(self, order: CreditOrder) -> CarrierAnswer:
        """Ask for a credit, once; the bucket is looked up by number where it is not known."""
        placed = await self._placed(order)
        if not isinstance(placed, CreditOrder):
            return placed
        try:
            body = order_body(placed, self._dialect)
        except UnusableOrderError as error:
            return Failed(f"not sent: {error}")
        key = {"Idempotency-Key": str(order.credit_id)}
        reply = await self._transport.post("/topupBalance", body, key)
        if isinstance(reply, Reply) and reply.status == HTTPStatus.CONFLICT:
            return await self._settled_by_look_up(order)
        answer = _after_post(reply)
        if isinstance(answer, Booked) and answer.usable_until is None and self.sends_validity:
            return replace(answer, usable_until=order.valid_until)
        return answer

    async def follow(self, provider_id: str) -> CarrierAnswer | None:
        """Read one top-up by the operator's id; None if it does not know it."""
        return _after_get(await self._transport.get(f"/topupBalance/{quote(provider_id, safe='')}"))

    async def look_up(self, credit_id: UUID, since: datetime) -> CarrierAnswer | None:
        """Search the top-ups for our credit id; None only if the whole list lacks it."""
        kept_in = self._dialect.kept_in
        start = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
        query: dict[str, str] = {}
        if self._lists.filters:
            query = {kept_in.value: str(credit_id), "requestedDate.gte": start}
        rows = await self._lists.read(self._transport, "/topupBalance", list[Topup], query)
        if isinstance(rows, Incomplete):
            return _halted(rows.at) or Unclear(rows.why)
        return _best([topup for topup in rows if topup.is_about(str(credit_id), kept_in)])

    async def look_up_all(
        self, credits_: Collection[UUID], since: datetime
    ) -> Mapping[UUID, CarrierAnswer | None]:
        """Search for many credits: one by one where the server filters, else in one reading."""
        if self._lists.filters:
            return {credit: await self.look_up(credit, since) for credit in credits_}
        rows = await self._lists.read(self._transport, "/topupBalance", list[Topup], {})
        if isinstance(rows, Incomplete):
            return dict.fromkeys(credits_, _halted(rows.at) or Unclear(rows.why))
        found: dict[UUID, list[Topup]] = {credit: [] for credit in credits_}
        for row in rows:
            if (credit := row.credit(self._dialect.kept_in)) in found:
                found[credit].append(row)
        return {credit: _best(topups) for credit, topups in found.items()}

    async def records(self, since: datetime) -> tuple[Record, ...] | Incomplete:
        """List our top-ups since a moment; older ones and those of others may be among them."""
        query = {}
        if self._lists.filters:
            start = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
            query = {"channel.id": self._dialect.channel, "requestedDate.gte": start}
        rows = await self._lists.read(self._transport, "/topupBalance", list[Topup], query)
        if isinstance(rows, Incomplete):
            return rows
        records = (_record(row, self._dialect) for row in rows)
        return tuple(record for record in records if record is not None)

    async def remaining(self, subscriber: Subscriber) -> Volume | None:
        """Add up what is left in the active data buckets, by TMF677 where that is set."""
        if self._usage is not None:
            return await self._usage.remaining(subscriber)
        buckets = await self._buckets(subscriber)
        if isinstance(buckets, Incomplete):
            return None
        left = [
            megabytes for b in buckets if (megabytes := megabytes_of(b.remaining_value)) is not None
        ]
        return Volume(sum(left), soonest(buckets)) if left else None

    async def last_bill(self, subscriber: Subscriber) -> Bill | None:
        """Read the latest bill where TMF678 is set; the account is looked up if it is not known."""
        if self._bills is None:
            return None
        if subscriber.account is None:
            buckets = await self._buckets(subscriber)
            if isinstance(buckets, Incomplete):
                return None
            # The account behind a shared bucket may be somebody else's, and so would be its bill.
            own = (b.account for b in buckets if b.account and b.is_shared is not True)
            subscriber = replace(subscriber, account=next(own, None))
        return await self._bills.last_bill(subscriber)

    async def close(self) -> None:
        """Give back connections, those for the facts included."""
        for way in (self._transport, self._usage, self._bills):
            if way is not None:
                await way.close()

    async def _placed(self, order: CreditOrder) -> CreditOrder | Failed | Halted:
        """Fill in the ids of bucket and account that an order lacks; so far nothing is booked."""
        who = order.subscriber
        if who.bucket and (who.account or self._dialect.version is not Version.V4_0):
            return order
        buckets = await self._buckets(who)
        if isinstance(buckets, Incomplete):
            halted = _halted(buckets.at)
            if halted is not None:
                return replace(halted, may_have_booked=False)
            return Failed(f"not sent: the bucket cannot be looked up: {buckets.why}")
        if not buckets:
            return Failed("not sent: the number has no active data bucket")
        first = min(buckets, key=lambda bucket: bucket.is_shared is True)
        bucket, account = who.bucket or first.bucket_id, who.account or first.account
        return replace(order, subscriber=replace(who, bucket=bucket, account=account))

    async def _buckets(self, who: Subscriber) -> Sequence[Bucket] | Incomplete:
        """List the active data buckets of a line; narrowed by us, for servers may not filter."""
        query = {"status": "active", "usageType": "data"}
        if who.phone:
            query["logicalResource.id"] = digits(who.phone)
        rows = await self._lists.read(self._transport, "/bucket", list[Bucket], query)
        if isinstance(rows, Incomplete):
            return rows
        return [b for b in rows if b.is_usable and b.bucket_id and _is_of(b, who)]

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


def _is_of(bucket: Bucket, who: Subscriber) -> bool:
    if who.bucket:
        return bucket.bucket_id == who.bucket
    return bool(who.phone) and bucket.belongs_to(who.phone or "")


# --- Statuses and what they mean ----------------------------------------------------------------


def _after_post(reply: Reply | NoReply) -> CarrierAnswer:
    """Tell what an order came to (facts 4.6): nothing that may be booked counts as failed."""
    if (halted := _halted(reply)) is not None:
        return halted
    if isinstance(reply, NoReply):
        return Unclear(reply.why)
    if reply.status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
        return _told(reply)
    fault = reply.read(Fault)
    if reply.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY) and fault:
        return Rejected(f"{reply.status} {fault.code}: {fault.reason}"[:200])
    return Unclear(f"status {reply.status}")


def _after_get(reply: Reply | NoReply) -> CarrierAnswer | None:
    if isinstance(reply, NoReply):
        return Unclear(reply.why)
    if reply.status == HTTPStatus.OK:
        return _told(reply)
    if reply.status == HTTPStatus.NOT_FOUND:
        return None
    return _halted(reply) or Unclear(f"status {reply.status}")


def _halted(reply: Reply | NoReply | None) -> Halted | None:
    """Tell whether this concerns everybody, not one order; a rejection would be for good.

    404 and 405 of a list are no verdict either, but a wrong base URL.
    """
    match reply:
        case NoReply(why=why, has_left=False):
            return Halted(why)
        case Reply(status=401 | 403 as status):
            return Halted(f"{status}: the credentials are refused")
        case Reply(status=404 | 405 as status):
            return Halted(f"{status}: CARRIER_URL leads to no TMF654")
        case Reply(status=425 | 429 as status):
            return Halted(f"{status}: too many requests", reply.retry_after)
        case Reply(status=503):
            return Halted("503: closed for now", reply.retry_after, may_have_booked=True)
        case _:
            return None


def _told(reply: Reply) -> CarrierAnswer:
    topup = reply.read(Topup)
    return (
        Unclear(f"status {reply.status} with no top-up in it") if topup is None else _means(topup)
    )


def _means(topup: Topup) -> CarrierAnswer:
    """Read the status; free words of 4.1 count as under way, and polling has a cap."""
    if (provider_id := topup.provider_id) is None:
        return Unclear("a top-up without id")
    status = topup.status.lower() if isinstance(topup.status, str) else None
    if status == "completed" or (status is None and topup.confirmation_date is not None):
        return Booked(provider_id, topup.usable_until)
    if status in ("failed", "cancelled"):
        return Failed(status, provider_id)
    return Accepted(provider_id)


def _record(topup: Topup, dialect: Dialect) -> Record | None:
    """Read one line of the operator's books; None if it is certainly not about us."""
    credit, provider_id = topup.credit(dialect.kept_in), topup.provider_id
    if provider_id is None or (credit is None and _id_in(topup.channel) != dialect.channel):
        return None
    standing = Standing.UNDER_WAY
    match _means(topup):
        case Booked():
            standing = Standing.BOOKED
        case Failed():
            standing = Standing.FAILED
        case _:
            pass
    resource = topup.logical_resource
    line = resource[0] if isinstance(resource, list) and resource else resource
    megabytes = megabytes_of(topup.amount)
    return Record(provider_id, credit, standing, megabytes, _id_in(topup.bucket), _id_in(line))


def _id_in(reference: object) -> str | None:
    return name_of(reference.get("id")) if isinstance(reference, dict) else None


def _best(topups: Sequence[Topup]) -> CarrierAnswer | None:
    """Choose among several attempts of one credit: a booking, else one under way, else the last."""
    answers = [_means(topup) for topup in topups]
    for kind in (Booked, Accepted, Unclear):
        for answer in answers:
            if isinstance(answer, kind):
                return answer
    return answers[-1] if answers else None
