"""The JSON of TMF654: what we send in each version, and what we need of what comes back.

Answers are read tolerantly: a field of an unexpected kind counts as absent, because an operator's
oddity in one field must not hide that something was booked.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec

from bot.carrier.carrier import CreditOrder, UnusableOrderError

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Version(StrEnum):
    """Which TMF654 the operator speaks (`CARRIER_TMF654_VERSION`)."""

    V4_0 = "4.0"
    V4_1 = "4.1"


class Kept(StrEnum):
    """In which field of a top-up the operator keeps our credit id."""

    DESCRIPTION = "description"
    REASON = "reason"
    VOUCHER = "voucher"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs from operator to operator in what we send."""

    version: Version = Version.V4_0
    kept_in: Kept = Kept.DESCRIPTION
    channel: str = "statthotline"
    requestor: str = "statthotline"


# --- What is sent -------------------------------------------------------------------------------

_Json = dict[str, object]


def order_body(order: CreditOrder, dialect: Dialect) -> bytes:
    """Write the body of an order; UnusableOrderError if 4.0 would refuse it.

    Always whole MB: 1.8 GB as a floating-point number is 1.7999 somewhere.
    """
    body: _Json = {
        "usageType": "data",
        "channel": {"id": dialect.channel},
        "reason": order.step,
        "requestor": {"id": dialect.requestor, "@referredType": "Organization"},
    }
    body |= _taken_back(order, dialect) if order.takes_back else _granted(order, dialect)
    body[dialect.kept_in] = str(order.credit_id)
    return msgspec.json.encode(body)


def _granted(order: CreditOrder, dialect: Dialect) -> _Json:
    body = _amount(order.megabytes) | _whose(order, dialect.version)
    if dialect.version is Version.V4_0 and order.valid_until is not None:
        # 4.1 has no such field; what it does not know, it may refuse for good.
        body["validFor"] = {"endDateTime": order.valid_until.astimezone(UTC)}
    return body


def _taken_back(order: CreditOrder, dialect: Dialect) -> _Json:
    """Take off: in 4.0 by the sign, in 4.1 by the type, for there amounts are always positive."""
    whose = _whose(order, dialect.version, names_account=False)
    if dialect.version is Version.V4_0:
        return _amount(-order.megabytes) | {"adjustType": "oneTime"} | whose
    return _amount(order.megabytes) | {"adjustType": "oneTimeChargeDebit"} | whose


def _amount(megabytes: int) -> _Json:
    return {"amount": {"amount": megabytes, "units": "MB"}}


def _whose(order: CreditOrder, version: Version, *, names_account: bool = True) -> _Json:
    who = order.subscriber
    if not who.bucket and (version is Version.V4_0 or not who.phone):
        raise UnusableOrderError("bucket: is not known")
    if names_account and not who.account and version is Version.V4_0:
        raise UnusableOrderError("account: is not known")
    body: _Json = {}
    if who.bucket:
        body["bucket"] = {"id": who.bucket}
    if who.account and (names_account or version is Version.V4_1):
        body["partyAccount"] = {"id": who.account}
    if who.phone:
        resource = {"id": digits(who.phone)}
        body["logicalResource"] = [resource] if version is Version.V4_0 else resource
    return body


def digits(phone: str) -> str:
    """Give the MSISDN of a number in E.164: the digits without the plus."""
    return "".join(c for c in phone if c in "0123456789")


# --- What comes back ----------------------------------------------------------------------------


class Fault(msgspec.Struct):
    """The `Error` of the TM Forum; both fields are required there, so anything else is no Error."""

    code: str | int
    reason: str


class Topup(msgspec.Struct, rename="camel"):
    """A top-up as the operator tells it."""

    id: object = None
    status: object = None
    description: object = None
    reason: object = None
    voucher: object = None
    confirmation_date: object = None
    valid_for: object = None
    amount: object = None
    bucket: object = None
    logical_resource: object = None
    channel: object = None

    @property
    def provider_id(self) -> str | None:
        """Give the operator's id, if there is a usable one."""
        return name_of(self.id)

    def is_about(self, credit_id: str, kept_in: Kept) -> bool:
        """Tell whether our credit id stands in the field that keeps it."""
        found = self.credit(kept_in)
        return found is not None and str(found) == credit_id

    def credit(self, kept_in: Kept) -> UUID | None:
        """Read the credit id out of the field that keeps it, if one stands there."""
        kept = {
            Kept.DESCRIPTION: self.description,
            Kept.REASON: self.reason,
            Kept.VOUCHER: self.voucher,
        }[kept_in]
        found = _UUID.search(kept) if isinstance(kept, str) else None
        return UUID(found[0]) if found else None

    @property
    def usable_until(self) -> datetime | None:
        """Give the end of the validity, if the operator tells one."""
        return end_of(self.valid_for)


class Bucket(msgspec.Struct, rename="camel"):
    """A balance: how much of what is left for whom (TMF654 and TMF677 alike)."""

    id: object = None
    status: object = None
    usage_type: object = None
    logical_resource: object = None
    party_account: object = None
    remaining_value: object = None
    valid_for: object = None
    is_shared: object = None

    @property
    def is_usable(self) -> bool:
        """Tell whether it is an active one of data; what is not said counts as said."""
        status, kind = self.status or "active", self.usage_type or "data"
        return str(status).lower() == "active" and str(kind).lower() == "data"

    def belongs_to(self, phone: str) -> bool:
        """Tell whether one of its numbers is this one; operators also send a single one bare."""
        refs = self.logical_resource
        rows = refs if isinstance(refs, list) else [refs]
        found = [
            v for row in rows if isinstance(row, dict) for v in (row.get("id"), row.get("value"))
        ]
        return any(isinstance(v, str | int) and digits(str(v)) == digits(phone) for v in found)

    @property
    def bucket_id(self) -> str | None:
        """Give the id that a top-up names."""
        return name_of(self.id)

    @property
    def account(self) -> str | None:
        """Give the id of the account that owns it."""
        return (
            name_of(self.party_account.get("id")) if isinstance(self.party_account, dict) else None
        )


def name_of(value: object) -> str | None:
    """Read an id: a text that is not empty, or a number that an operator forgot to quote."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def moment(value: object) -> datetime | None:
    """Read an RFC 3339 time; one without a zone says nothing."""
    try:
        at = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return None
    return at.astimezone(UTC) if at.tzinfo is not None else None


def end_of(period: object) -> datetime | None:
    """Read the end of a TimePeriod."""
    return moment(period.get("endDateTime")) if isinstance(period, dict) else None


_IMPLAUSIBLE = 10**12
_PER_UNIT = {"b": "0.000001", "kb": "0.001", "mb": "1", "gb": "1000", "tb": "1000000"}
_PER_UNIT |= {"kib": "0.001024", "mib": "1.048576", "gib": "1073.741824"}


def megabytes_of(quantity: object) -> int | None:
    """Read a Quantity in whole decimal MB, rounded down; None for what is no volume."""
    megabytes = signed_megabytes_of(quantity)
    return None if megabytes is None else max(0, megabytes)


def signed_megabytes_of(quantity: object) -> int | None:
    """Read a Quantity that may be below zero: what is taken off."""
    if not isinstance(quantity, dict):
        return None
    amount, units = quantity.get("amount"), str(quantity.get("units") or "").strip().lower()
    if isinstance(amount, bool) or not isinstance(amount, int | float) or units not in _PER_UNIT:
        return None
    megabytes = Decimal(str(amount)) * Decimal(_PER_UNIT[units])
    return int(megabytes) if abs(megabytes) < _IMPLAUSIBLE else None
