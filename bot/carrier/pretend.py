"""The pretend operator speaks TMF654, TMF677 and TMF678 over HTTP, for the sandbox and for tests.

It takes a top-up at once and books it a little later by the clock that it is given, as a real
charging system would; asked twice under the same `Idempotency-Key`, it books once.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.carrier.bodies import Version, digits, moment
from bot.carrier.pretend_bills import bills_of, rates_of
from bot.carrier.pretend_ledger import Asked, Entry, PretendLedger
from flows.calendar import at_wall

Json = dict[str, object]

TMF654 = "/tmf-api/prepayBalanceManagement/v4"
TMF677 = "/tmf-api/usageConsumption/v4"
TMF678 = "/tmf-api/customerBillManagement/v4"

_HOME = ZoneInfo("Europe/Berlin")
_MONTHLY_MEGABYTES = 2400
_NOT_A_FILTER = {"offset", "limit", "fields", "sort"}


class _Refusal(Exception):
    """The request is answered with an Error."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class PretendOperator:
    """An operator with one data bucket and one bill a month for every number it is asked about."""

    def __init__(
        self,
        path: Path | str,
        clock: Callable[[], datetime],
        *,
        version: Version = Version.V4_0,
        token: str = "",
    ) -> None:
        """Take the file that remembers, the clock, the version to speak, the token to ask for."""
        self._ledger = PretendLedger(path)
        self._clock = clock
        self._version = version
        self._token = token
        self.app = Starlette(
            routes=[
                *self._order_routes("topupBalance", "T", self._topup_asked),
                *self._order_routes("adjustBalance", "A", self._adjustment_asked),
                self._route(f"{TMF654}/bucket", self._list_buckets),
                self._route(f"{TMF677}/queryUsageConsumption", self._query_usage, "POST"),
                self._route(f"{TMF678}/customerBill", self._list_bills),
                self._route(f"{TMF678}/appliedCustomerBillingRate", self._list_rates),
            ]
        )

    def next_due(self) -> datetime | None:
        """Tell when the next top-up will be booked, None if none is under way."""
        return self._ledger.next_booking(self._clock())

    def close(self) -> None:
        """Close the file."""
        self._ledger.close()

    def _route(
        self, path: str, answer: Callable[[Request, bytes], Response], method: str = "GET"
    ) -> Route:
        async def guarded(request: Request) -> Response:
            try:
                self._check(request)
                return answer(request, await request.body())
            except _Refusal as refusal:
                fault = {"code": str(refusal.status), "reason": str(refusal)}
                return _json(fault, refusal.status)

        return Route(path, guarded, methods=[method])

    def _check(self, request: Request) -> None:
        if self._token and request.headers.get("authorization") != f"Bearer {self._token}":
            raise _Refusal(401, "the bearer token is wrong")

    # --- TMF654 ---------------------------------------------------------------------------------

    def _order_routes(
        self, name: str, initial: str, asked: Callable[[Json], int]
    ) -> Sequence[Route]:
        """Take orders of one kind, and show them; `asked` reads how much, below zero if off."""
        base = f"{TMF654}/{name}"

        def order(request: Request, body: bytes) -> Response:
            wanted = _object(body)
            entry = self._taken(request, wanted, asked(wanted))
            return _json(self._told(entry, base), 201)

        def show(request: Request, _: bytes) -> Response:
            entry = self._ledger.find(request.path_params["id"])
            if entry is None or entry.id[0] != initial:
                raise _Refusal(404, f"no such {name}")
            return _json(self._told(entry, base))

        def page(request: Request, _: bytes) -> Response:
            found = [entry for entry in self._ledger.entries() if entry.id[0] == initial]
            return _page([self._told(entry, base) for entry in found], request)

        return (
            self._route(base, order, "POST"),
            self._route(base, page),
            self._route(f"{base}/{{id}}", show),
        )

    def _topup_asked(self, wanted: Json) -> int:
        self._check_fields(wanted, "usageType", "bucket", "partyAccount")
        return _megabytes(wanted)

    def _adjustment_asked(self, wanted: Json) -> int:
        """Read what is to be taken off: in 4.0 below zero, in 4.1 by its type."""
        self._check_fields(wanted, "usageType", "bucket", "adjustType")
        is_strict = self._version is Version.V4_0
        if wanted.get("adjustType") != ("oneTime" if is_strict else "oneTimeChargeDebit"):
            raise _Refusal(400, f"adjustType: is not known in {self._version}")
        return -_megabytes(wanted, sign=-1 if is_strict else 1)

    def _check_fields(self, wanted: Json, *names: str) -> None:
        """Refuse what the published schema of 4.0 refuses; 4.1 wants an amount only."""
        for name in names if self._version is Version.V4_0 else ():
            if name not in wanted:
                raise _Refusal(400, f"{name}: is missing")

    def _taken(self, request: Request, wanted: Json, megabytes: int) -> Entry:
        asked = Asked(
            key=request.headers.get("idempotency-key"),
            msisdn=self._msisdn(wanted),
            megabytes=megabytes,
            body=msgspec.json.encode(wanted, order="sorted").decode(),
        )
        entry = self._ledger.take(asked, self._clock())
        if entry.digest != asked.digest:
            raise _Refusal(422, "this Idempotency-Key came with another body")
        return entry

    def _msisdn(self, wanted: Json) -> str:
        resource = wanted.get("logicalResource")
        if isinstance(resource, list) == (self._version is Version.V4_1) and resource is not None:
            raise _Refusal(400, f"logicalResource: has another shape in {self._version}")
        bucket = _id(wanted.get("bucket"))
        if bucket is not None and bucket.startswith("B-"):
            return bucket.removeprefix("B-")
        number = _id(resource[0] if isinstance(resource, list) and resource else resource)
        if number is None:
            raise _Refusal(400, "bucket: is not known here")
        return digits(number)

    def _told(self, entry: Entry, base: str) -> Json:
        """Tell an entry as it stands by the clock."""
        is_booked = entry.completes_at <= self._clock()
        told = _object(entry.body.encode())
        told |= {
            "id": entry.id,
            "href": f"{base}/{entry.id}",
            "status": "completed" if is_booked else "created",
            "requestedDate": _zulu(entry.requested_at),
        }
        if is_booked:
            told["confirmationDate"] = _zulu(entry.completes_at)
        return told

    def _list_buckets(self, request: Request, _: bytes) -> Response:
        number = digits(request.query_params.get("logicalResource.id", ""))
        if number:
            self._ledger.know(number)
        return _page([self._bucket(line) for line in self._ledger.lines()], request)

    def _bucket(self, msisdn: str) -> Json:
        now = self._clock()
        left = _MONTHLY_MEGABYTES + self._ledger.booked(msisdn, now)
        return {
            "id": f"B-{msisdn}",
            "href": f"{TMF654}/bucket/B-{msisdn}",
            "name": "Data",
            "usageType": "data",
            "status": "active",
            "partyAccount": {"id": f"A-{msisdn}"},
            "logicalResource": [{"id": msisdn}],
            "remainingValue": {"amount": left, "units": "MB"},
            "remainingValueName": f"{left} MB",
            "validFor": {"endDateTime": _zulu(_next_month(now))},
        }

    # --- TMF677 and TMF678 ----------------------------------------------------------------------

    def _query_usage(self, _: Request, body: bytes) -> Response:
        criteria = _object(body).get("searchCriteria")
        lines = criteria.get("logicalResource") if isinstance(criteria, dict) else None
        number = _id(lines[0]) if isinstance(lines, list) and lines else None
        if number is None:
            raise _Refusal(400, "searchCriteria.logicalResource: is missing")
        bucket = self._bucket(digits(number)) | {"logicalResource": lines}
        now = _zulu(self._clock())
        found: Json = {"id": "1", "queryUsageConsumptionDate": now, "searchCriteria": criteria}
        return _json(found | {"usageConsumption": [{"bucketRefOrValue": [bucket]}]}, 201)

    def _list_bills(self, request: Request, _: bytes) -> Response:
        account = request.query_params.get("billingAccount.id", "")
        accounts = [account] if account else [f"A-{line}" for line in self._ledger.lines()]
        now = self._clock()
        return _page([bill for name in accounts for bill in bills_of(name, now)], request)

    def _list_rates(self, request: Request, _: bytes) -> Response:
        bill = request.query_params.get("bill.id", "")
        account = bill.rpartition("-")[0]
        bills = [b["id"] for b in bills_of(account, self._clock())] if account else []
        return _page(rates_of(bill) if bill in bills else [], request)


# --- Reading and writing JSON -------------------------------------------------------------------


def _object(body: bytes) -> Json:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _Refusal(400, f"the body is no JSON object: {error}") from error


def _megabytes(wanted: Json, sign: int = 1) -> int:
    """Read the amount, of this sign; a charging system books whole MB above 0 here."""
    quantity = wanted.get("amount")
    amount = quantity.get("amount") if isinstance(quantity, dict) else None
    units = quantity.get("units") if isinstance(quantity, dict) else None
    if type(amount) is not int or amount * sign <= 0 or units != "MB":
        raise _Refusal(400, f"amount: whole MB {'above' if sign > 0 else 'below'} 0 are wanted")
    return amount * sign


def _id(ref: object) -> str | None:
    found = ref.get("id") if isinstance(ref, dict) else None
    return found if isinstance(found, str) and found else None


def _page(rows: list[Json], request: Request) -> Response:
    """Filter and cut a list as TMF630 has it, with the total beside it."""
    query = request.query_params
    wanted = {name: value for name, value in query.items() if name not in _NOT_A_FILTER}
    found = [row for row in rows if _fits(row, wanted)]
    offset, limit = _number(query.get("offset", "0")), _number(query.get("limit", "100"))
    cut = found[offset : offset + limit]
    status = 200 if len(cut) == len(found) else 206
    return _json(cut, status, {"X-Total-Count": str(len(found)), "X-Result-Count": str(len(cut))})


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004  a plausible size
        raise _Refusal(400, f"{text!r} is no count")
    return int(text)


def _fits(row: Json, wanted: Mapping[str, str]) -> bool:
    return all(_has(row, name.split("."), value) for name, value in wanted.items())


def _has(value: object, path: list[str], wanted: str) -> bool:
    """Compare along a dotted path, through lists; a last `gte` compares moments."""
    if isinstance(value, list):
        return any(_has(item, path, wanted) for item in value)
    if path == ["gte"]:
        at, since = moment(value), moment(wanted)
        return at is not None and since is not None and at >= since
    if not path:
        return str(value) == wanted
    return isinstance(value, dict) and path[0] in value and _has(value[path[0]], path[1:], wanted)


def _json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = msgspec.json.encode(value)
    return Response(body, status, headers, media_type="application/json")


def _next_month(now: datetime) -> datetime:
    """Give midnight of the first day of the next month, where the operator is at home."""
    first = now.astimezone(_HOME).replace(tzinfo=None, day=1, hour=0, minute=0)
    day = (first + timedelta(days=32)).replace(day=1, second=0, microsecond=0)
    return at_wall(day, _HOME)


def _zulu(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
