"""What the operator's statuses mean for an order: pure, and the place to read.

Nothing that may be booked counts as failed, and what concerns everybody is no verdict on one order.
"""

from collections.abc import Sequence
from http import HTTPStatus

from bot.carrier.bodies import Fault, Topup
from bot.carrier.carrier import (
    Accepted,
    Booked,
    CarrierAnswer,
    Failed,
    Halted,
    Rejected,
    Standing,
    Unclear,
)
from bot.carrier.transport import NoReply, Reply


def after_post(reply: Reply | NoReply) -> CarrierAnswer:
    """Tell what an order came to (facts 4.6)."""
    if (halted := halted_by(reply)) is not None:
        return halted
    if isinstance(reply, NoReply):
        return Unclear(reply.why)
    if reply.status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
        return _told(reply)
    fault = reply.read(Fault)
    if reply.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY) and fault:
        return Rejected(f"{reply.status} {fault.code}: {fault.reason}"[:200])
    return Unclear(f"status {reply.status}")


def after_get(reply: Reply | NoReply) -> CarrierAnswer | None:
    """Tell how an order stands by the operator's own id; None if it does not know it."""
    if isinstance(reply, NoReply):
        return Unclear(reply.why)
    if reply.status == HTTPStatus.OK:
        return _told(reply)
    if reply.status == HTTPStatus.NOT_FOUND:
        return None
    return halted_by(reply) or Unclear(f"status {reply.status}")


def halted_by(reply: Reply | NoReply | None) -> Halted | None:
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


def best(topups: Sequence[Topup]) -> CarrierAnswer | None:
    """Choose among several attempts of one credit: a booking, else one under way, else the last."""
    answers = [_means(topup) for topup in topups]
    for kind in (Booked, Accepted, Unclear):
        for answer in answers:
            if isinstance(answer, kind):
                return answer
    return answers[-1] if answers else None


def standing(topup: Topup) -> Standing:
    """Tell how a line of the operator's books stands."""
    match _means(topup):
        case Booked():
            return Standing.BOOKED
        case Failed():
            return Standing.FAILED
        case _:
            return Standing.UNDER_WAY


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
