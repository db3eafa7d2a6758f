"""The life of one credit: volume granted for one step, once."""

from enum import StrEnum
from uuid import UUID, uuid5

_NAMESPACE = UUID("6f1d8d0e-5a3b-5c7e-9f2a-2c1b7e4d9a60")


class CreditState(StrEnum):
    """Where a credit stands; the arrows are in MOVES."""

    EARNED = "earned"
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"
    FAILED = "failed"
    REJECTED = "rejected"
    VOIDED = "voided"
    REVERSED = "reversed"


_S = CreditState
# From each state, where it may go (facts: programme.md section 3). Nothing leaves the last row.
MOVES: dict[CreditState, frozenset[CreditState]] = {
    _S.EARNED: frozenset({_S.REQUESTED, _S.VOIDED}),
    _S.REQUESTED: frozenset({_S.ACCEPTED, _S.CONFIRMED, _S.UNKNOWN, _S.FAILED, _S.REJECTED}),
    _S.UNKNOWN: frozenset({_S.ACCEPTED, _S.CONFIRMED, _S.REQUESTED, _S.REJECTED}),
    _S.ACCEPTED: frozenset({_S.CONFIRMED, _S.UNKNOWN, _S.FAILED, _S.REJECTED}),
    _S.FAILED: frozenset({_S.REQUESTED, _S.REJECTED, _S.VOIDED}),
    _S.CONFIRMED: frozenset({_S.REVERSED}),
    _S.REJECTED: frozenset(),
    _S.VOIDED: frozenset(),
    _S.REVERSED: frozenset(),
}


# Earned, but neither booked nor ended for good.
PENDING = frozenset(CreditState) - {_S.CONFIRMED, _S.REJECTED, _S.VOIDED, _S.REVERSED}


def may_move(old: CreditState, new: CreditState) -> bool:
    """Tell whether a credit may go from one state to the other."""
    return new in MOVES[old]


def credit_id(campaign: str, customer: str, step: str, cycle: int = 1) -> UUID:
    """Derive the id of a credit (UUIDv5): the same four always give the same id."""
    return uuid5(_NAMESPACE, "\x1f".join((campaign, customer, step, str(cycle))))
