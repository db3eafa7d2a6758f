"""The operator's events as the sandbox takes them: a short name, and defaults for the rest."""

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.web.simulator_desk import Report

CALL_S = 180

# Those that concern one customer; the others concern a feed or a whole area.
_OF_CUSTOMERS = {
    "portal.registered",
    "portal.activity",
    "video.watched",
    "app.installed",
    "hotline.called",
    "contract.ended",
}
_OF_FEEDS = {"feed.watermark", "incident.opened", "incident.closed"}


class UnusableReportError(Exception):
    """There is no such event, or it does not say whom it concerns."""


def make_report(
    kind: str,
    customer: str | None,
    data: Mapping[str, object],
    at: datetime,
    new_id: Callable[[], str],
) -> Report:
    """Make a new report, complete with what nobody said. Raises UnusableReportError."""
    if kind not in _OF_CUSTOMERS | _OF_FEEDS:
        known = ", ".join(sorted(_OF_CUSTOMERS | _OF_FEEDS))
        raise UnusableReportError(f"{kind!r} is no event; there are {known}.")
    if kind in _OF_CUSTOMERS and customer is None:
        raise UnusableReportError(f"{kind} needs a customer.")
    if kind in _OF_FEEDS and customer is not None:
        raise UnusableReportError(f"{kind} concerns no single customer.")
    said = {**_defaults(kind, data, at, new_id), **data}
    return Report(new_id(), kind, customer, at, said)


def _defaults(
    kind: str, data: Mapping[str, object], at: datetime, new_id: Callable[[], str]
) -> Mapping[str, object]:
    match kind:
        case "hotline.called":
            call = {"call_id": new_id(), "start": at.isoformat(), "duration_s": CALL_S}
            return {**call, "connected": True, "reason_code": "bill"}
        case "video.watched":
            return {} if "transcript" in data else {"share": 1.0}
        case "portal.activity":
            return {"action": "login"}
        case "feed.watermark":
            return {"complete_until": at.isoformat()}
        case "contract.ended":
            return {"reason": "ended"}
        case _:
            return {}
