"""What an answer of the operator means for a credit, as a move: pure, and the place to read.

Nothing that may have been booked is ever moved to where it would be asked for again; `None` says
that asking again is safe now.
"""

from datetime import datetime, timedelta

from bot.carrier.book import Move
from bot.carrier.carrier import (
    Accepted,
    Booked,
    CarrierAnswer,
    Contested,
    Failed,
    Halted,
    Rejected,
    Unclear,
)
from bot.carrier.patience import Patience
from flows.credit import CreditState
from storage.memory import CreditRow

_CONTESTED = "409, but no top-up carries our id"
_STUCK = "the operator took it and does not book it"
_SILENT = "the operator does not tell whether it is booked"


def after_request(  # noqa: PLR0911 - one return for each answer
    credit: CreditRow, answer: CarrierAnswer, now: datetime, patience: Patience
) -> Move:
    """Move a requested credit by what the request came to."""
    match answer:
        case Booked():
            return _confirmed(credit, answer, now)
        case Accepted():
            return _accepted(credit, answer, now, patience)
        case Failed():
            return _failed(credit, answer, now, patience)
        case Rejected():
            return _rejected(credit, answer.reason, now)
        case Contested():
            return _unknown(credit, _CONTESTED, now, patience)
        case Unclear():
            return _unknown(credit, answer.why, now, patience)
        case Halted() if answer.may_have_booked:
            return _unknown(credit, answer.why, now, patience)
        case Halted():
            return _failed(credit, Failed(answer.why), now, patience)


def after_silence(credit: CreditRow, now: datetime, patience: Patience) -> Move:
    """Move a requested credit whose answer nobody recorded: we were killed in between."""
    return _unknown(credit, "no answer was recorded", now, patience)


def after_poll(
    credit: CreditRow, answer: CarrierAnswer | None, now: datetime, patience: Patience
) -> Move:
    """Move an accepted credit by what became of it; at the cap it counts as unknown."""
    match answer:
        case Booked():
            return _confirmed(credit, answer, now)
        case Failed():
            return _failed(credit, answer, now, patience)
        case _ if patience.is_stuck(credit, now):
            wait = now + patience.shortest_poll
            return Move(
                seen=credit,
                to=CreditState.UNKNOWN,
                at=now,
                poll_at=wait,
                note=_STUCK,
                needs_person=True,
            )
        case _:
            return waiting(credit, now, patience.poll_after(now - credit.moved_at))


def after_look_up(
    credit: CreditRow, answer: CarrierAnswer | None, now: datetime, patience: Patience
) -> Move | None:
    """Move an unknown credit by what was found, or give None: it may be asked for again."""
    has_rested = now - credit.moved_at >= patience.retry_after(credit.attempts)
    match answer:
        case Booked():
            return _confirmed(credit, answer, now)
        case Accepted() if credit.provider_id is None:
            return _accepted(credit, answer, now, patience)
        case Failed() if credit.provider_id is not None and has_rested:
            return None
        # A list may show that an earlier attempt failed, while the last is still on its way.
        case None | Failed() if _is_contested_again(credit):
            is_final = patience.is_processed(credit, now)
            return _rejected(credit, _CONTESTED, now) if is_final else _waits(credit, now, patience)
        case None | Failed() if has_rested and patience.may_ask_again(credit, now):
            return None
        case _:
            return _waits(credit, now, patience)


def _waits(credit: CreditRow, now: datetime, patience: Patience) -> Move:
    """Leave it unknown; that it stays so for long is for a person to know."""
    wait = patience.poll_after(now - credit.moved_at)
    is_news = patience.is_stuck(credit, now) and credit.note != _STUCK
    return waiting(credit, now, wait, _SILENT if is_news else "")


def _is_contested_again(credit: CreditRow) -> bool:
    """Tell whether a repeated order met a conflict; with what, may still get into the list."""
    return credit.note == _CONTESTED and credit.attempts > 1


def waiting(credit: CreditRow, now: datetime, wait: timedelta, why: str = "") -> Move:
    """Leave the state as it is and come back; with a new reason a person is asked, once."""
    return Move(
        seen=credit,
        to=credit.state,
        at=now,
        poll_at=now + wait,
        note=why,
        needs_person=bool(why) and why != credit.note,
    )


def _confirmed(credit: CreditRow, answer: Booked, now: datetime) -> Move:
    return Move(
        seen=credit,
        to=CreditState.CONFIRMED,
        at=now,
        provider_id=answer.provider_id,
        usable_until=answer.usable_until,
    )


def _accepted(credit: CreditRow, answer: Accepted, now: datetime, patience: Patience) -> Move:
    return Move(
        seen=credit,
        to=CreditState.ACCEPTED,
        at=now,
        provider_id=answer.provider_id,
        poll_at=now + patience.shortest_poll,
    )


def _failed(credit: CreditRow, answer: Failed, now: datetime, patience: Patience) -> Move:
    return Move(
        seen=credit,
        to=CreditState.FAILED,
        at=now,
        provider_id=answer.provider_id,
        poll_at=now + patience.retry_after(credit.attempts),
        note=answer.reason,
        needs_person=credit.attempts == patience.attempts_alone,
    )


def _rejected(credit: CreditRow, why: str, now: datetime) -> Move:
    return Move(seen=credit, to=CreditState.REJECTED, at=now, note=why, needs_person=True)


def _unknown(credit: CreditRow, why: str, now: datetime, patience: Patience) -> Move:
    return Move(
        seen=credit,
        to=CreditState.UNKNOWN,
        at=now,
        poll_at=now + patience.shortest_poll,
        note=why,
        needs_person=credit.attempts == patience.attempts_alone,
    )
