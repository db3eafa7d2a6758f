"""The bills of the pretend operator: made up, the same again for every account and month."""

import zlib
from datetime import UTC, datetime, timedelta

Json = dict[str, object]

_BILL_DAY = 3
_PAYABLE = timedelta(days=14)
_TARIFF, _OPTION, _DISCOUNT = 2499, 499, 300
_CALL, _SERVICE = 29, 149


def bills_of(account: str, now: datetime) -> list[Json]:
    """Give the latest two bills of an account."""
    latest = now.astimezone(UTC).replace(day=_BILL_DAY, hour=6, minute=0, second=0, microsecond=0)
    if latest > now:
        latest = _month_before(latest)
    return [_bill(account, at) for at in (_month_before(latest), latest)]


def rates_of(bill: str) -> list[Json]:
    """Give the lines of a bill."""
    account, _, month = bill.rpartition("-")
    begins = datetime.strptime(month, "%Y%m").replace(tzinfo=UTC)
    period = {"startDateTime": _zulu(_month_before(begins)), "endDateTime": _zulu(begins)}
    return [
        {
            "id": f"{bill}-{n}",
            "name": name,
            "type": kind,
            "isBilled": True,
            "bill": {"id": bill},
            "taxIncludedAmount": _money(cents),
            **({"periodCoverage": period} if kind == "recurringCharge" else {}),
        }
        for n, (name, kind, cents) in enumerate(_lines(account, month), start=1)
    ]


def _bill(account: str, at: datetime) -> Json:
    ends = at.replace(day=1, hour=0)
    lines = _lines(account, f"{at:%Y%m}")
    due = sum(-cents if kind == "appliedBillingCredit" else cents for _, kind, cents in lines)
    return {
        "id": f"{account}-{at:%Y%m}",
        "billNo": f"{at:%Y%m}-{account}",
        "billDate": _zulu(at),
        "billingPeriod": {"startDateTime": _zulu(_month_before(ends)), "endDateTime": _zulu(ends)},
        "paymentDueDate": _zulu(at + _PAYABLE),
        "state": "sent",
        "amountDue": _money(due),
        "billingAccount": {"id": account},
    }


def _lines(account: str, month: str) -> list[tuple[str, str, int]]:
    """Let calls vary from month to month, so that there is something to compare."""
    calls = zlib.crc32(f"{account} {month}".encode()) % 15
    lines = [
        ("Tarif Nordlicht M", "recurringCharge", _TARIFF),
        ("Option Ausland", "recurringCharge", _OPTION),
        ("Anrufe ins Ausland", "usageCharge", calls * _CALL),
        ("Sonderrufnummern", "usageCharge", _SERVICE if calls % 2 else 0),
        ("Treuerabatt", "appliedBillingCredit", _DISCOUNT),
    ]
    return [line for line in lines if line[2]]


def _month_before(at: datetime) -> datetime:
    return (at.replace(day=1) - timedelta(days=1)).replace(day=at.day)


def _money(cents: int) -> Json:
    return {"unit": "EUR", "value": cents / 100}


def _zulu(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
