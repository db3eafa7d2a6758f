"""How messages part from us: what leaves at night and answers no customer wakes nobody."""

from datetime import UTC, datetime

import pytest

from bot.parting import Freshness
from bot.turns.routing import PRIORITIES
from flows.effects import Purpose
from storage.outbox import OutboxRow
from tests.cast import NOON, TERMS

NIGHT = datetime(2026, 12, 1, 2, 30, tzinfo=UTC)  # half past three in Berlin


@pytest.mark.parametrize(
    ("at", "customer", "purpose", "is_silent"),
    [
        (NIGHT, None, Purpose.ANSWER, True),  # managers are told of a question
        (NIGHT, None, Purpose.NOTICE, True),
        (NIGHT, "N-1", Purpose.NOTICE, True),
        (NIGHT, "N-1", Purpose.ANSWER, False),
        (NOON, None, Purpose.ANSWER, False),
        (NOON, "N-1", Purpose.REMINDER, False),
    ],
)
def test_at_night_only_a_customers_answer_rings(
    at: datetime, customer: str | None, purpose: Purpose, *, is_silent: bool
) -> None:
    fresh = Freshness(TERMS, lambda: at)

    assert fresh.is_silent(_row(customer, PRIORITIES[purpose])) is is_silent


def _row(customer: str | None, priority: int) -> OutboxRow:
    return OutboxRow(
        id=1,
        lane="telegram",
        priority=priority,
        recipient="telegram:4711",
        line="Manager",
        body="{}",
        due=NOON,
        slot=NOON,
        created_at=NOON,
        attempt=1,
        customer=customer,
        use_by=None,
        cost=1,
        is_unasked=False,
        may_resend=False,
        about=None,
        tag="t",
    )
