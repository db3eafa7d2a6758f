"""What the operator says unasked of a top-up, or of what takes one back.

It is a hint to look, never a booking by itself.
"""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import msgspec

from bot.carrier.bodies import Kept, Topup
from bot.foreign_json import without_nul


@dataclass(frozen=True, slots=True)
class Hint:
    """Something has happened to a top-up; we know it by our id or by the operator's."""

    event: str
    credit: UUID | None
    provider_id: str | None


class Follower(Protocol):
    """Who looks at once what became of a credit."""

    async def follow_now(self, hint: Hint) -> bool:
        """Make a credit due for following; False if it is none of ours that is open."""


class _Carried(msgspec.Struct, rename="camel"):
    topup_balance: Topup | None = None
    adjust_balance: Topup | None = None


class _Notice(msgspec.Struct, rename="camel"):
    event: _Carried
    event_id: str = ""


def read_topup_event(body: bytes) -> Hint | None:
    """Read a notice, in whatever field our id is kept; None if it names no top-up."""
    try:
        notice = msgspec.json.decode(without_nul(body), type=_Notice)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    topup = notice.event.topup_balance or notice.event.adjust_balance
    if topup is None:
        return None
    credit = next((found for kept in Kept if (found := topup.credit(kept)) is not None), None)
    if credit is None and topup.provider_id is None:
        return None
    return Hint(notice.event_id, credit, topup.provider_id)
