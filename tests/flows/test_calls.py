"""Hotline calls: what counts, what never does, and what becomes of the months."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from bot.campaigns import load_campaign
from flows.advance import advance
from flows.calendar import add_months
from flows.campaign import CallPolicy, Campaign
from flows.events import AccessNeeded, HotlineCalled, IncidentFound, ObjectionAnswered, Woke
from flows.intent import Intent
from flows.journey import Journey, State
from flows.standing import state_of
from flows.steps.streak import Judgement, judge, window
from tests.cast import DAY, NOON, TERMS, after, heard, on_streak, says
from tests.flows.play import wait

MONTH_8 = NOON + 230 * DAY
ZONE = TERMS.zone


def call(at: datetime = MONTH_8, reason: str | None = "bill", **rest: object) -> HotlineCalled:
    event = HotlineCalled(at=at, call_id=f"C{at.isoformat()}", duration_s=180, reason=reason)
    return replace(event, **rest)  # type: ignore[arg-type]


def end_of(journey: Journey, terms: Campaign = TERMS) -> datetime:
    span = window(journey, terms)
    assert span is not None
    return span.end


def in_month_8(terms: Campaign = TERMS) -> Journey:
    return wait(on_streak(terms=terms), MONTH_8 - DAY, uses_portal=True, terms=terms).journey


@pytest.mark.parametrize(
    ("policy", "line", "state"),
    [
        (CallPolicy.RESTART, "CallRestarted", State.STREAK),
        (CallPolicy.FORFEIT, "CallForfeited", State.UNREACHABLE),
        (CallPolicy.END, "CallEnded", State.ENDED),
    ],
)
def test_a_call_in_month_8(policy: CallPolicy, line: str, state: State) -> None:
    terms = replace(TERMS, streak=replace(TERMS.streak, on_call=policy))

    outcome = advance(in_month_8(terms), call(), terms)

    assert says(outcome) == (line,)
    assert state_of(outcome.journey, terms) is state


def test_after_a_call_the_months_begin_with_it() -> None:
    restarted = after(in_month_8(), call())

    assert end_of(restarted) == add_months(MONTH_8, 9, ZONE)
    assert restarted.months_told == 0


@pytest.mark.parametrize("reason", sorted(TERMS.calls.exempt_reasons))
def test_an_exempt_reason_leaves_the_end_where_it_is(reason: str) -> None:
    journey = in_month_8()

    outcome = advance(journey, call(reason=reason), TERMS)

    assert says(outcome) == ("CallExempt",)
    assert end_of(outcome.journey) == end_of(journey)


@pytest.mark.parametrize(
    ("reason", "judgement"),
    [
        ("Störung", Judgement.EXEMPT),
        ("STOERUNG", Judgement.EXEMPT),
        (" Lost SIM ", Judgement.EXEMPT),
        ("lost-sim", Judgement.EXEMPT),
        ("Kündigung", Judgement.EXEMPT),
        ("Rechnung", Judgement.COUNTED),
        ("Störche", Judgement.PROVISIONAL),
        ("", Judgement.PROVISIONAL),
    ],
)
def test_a_reason_is_known_however_it_is_spelled(reason: str, judgement: Judgement) -> None:
    terms = load_campaign()
    journey = after(on_streak(), call(reason=reason))

    assert judge(journey.calls[0], journey, terms) is judgement


@pytest.mark.parametrize(
    "report",
    [call(duration_s=14), call(is_connected=False), call(is_inbound=False)],
    ids=["shorter than 15 s", "abandoned", "we called"],
)
def test_what_is_no_call_is_passed_over_in_silence(report: HotlineCalled) -> None:
    journey = in_month_8()

    outcome = advance(journey, report, TERMS)

    assert says(outcome) == ()
    assert end_of(outcome.journey) == end_of(journey)


def test_a_second_call_within_a_day_belongs_to_the_first() -> None:
    once = after(in_month_8(), call())

    twice = advance(once, call(MONTH_8 + timedelta(hours=23)), TERMS)

    assert says(twice) == ()
    assert end_of(twice.journey) == end_of(once)


def test_an_unknown_reason_counts_after_72_hours_unless_contested() -> None:
    journey = in_month_8()

    told = advance(journey, call(reason=None), TERMS)
    decided = advance(told.journey, Woke(at=MONTH_8 + 3 * DAY), TERMS)

    assert says(told) == ("CallProvisional",)
    assert end_of(told.journey) == end_of(journey)
    assert "CallRestarted" in says(decided)


def test_an_objection_suspends_the_effect_until_it_is_decided() -> None:
    journey = in_month_8()
    restarted = after(journey, call())

    objected = advance(restarted, heard(Intent.OBJECT, MONTH_8 + DAY), TERMS)

    assert says(objected) == ("ObjectionNoted",)
    assert end_of(objected.journey) == end_of(journey)
    rejected = advance(
        objected.journey, ObjectionAnswered(at=MONTH_8 + 2 * DAY, is_accepted=False), TERMS
    )
    accepted = advance(
        objected.journey, ObjectionAnswered(at=MONTH_8 + 2 * DAY, is_accepted=True), TERMS
    )
    assert end_of(rejected.journey) == end_of(restarted)
    assert end_of(accepted.journey) == end_of(journey)
    assert says(rejected) == says(accepted) == ("ObjectionDecided",)


def test_a_decided_call_cannot_be_contested_again() -> None:
    objected = after(in_month_8(), call(), heard(Intent.OBJECT, MONTH_8 + DAY))
    upheld = after(objected, ObjectionAnswered(at=MONTH_8 + 2 * DAY, is_accepted=False))

    again = advance(upheld, heard(Intent.OBJECT, MONTH_8 + 3 * DAY), TERMS)

    assert says(again) == ("NothingToObject",)


def test_a_disputed_call_holds_the_bonus() -> None:
    late = replace(call(NOON + 273 * DAY), known_at=NOON + 276 * DAY)
    over = wait(on_streak(), NOON + 275 * DAY, uses_portal=True).journey
    disputed = after(over, late, heard(Intent.OBJECT, NOON + 277 * DAY))

    told = wait(disputed, NOON + 300 * DAY, uses_portal=True)

    assert state_of(told.journey, TERMS) is State.SETTLING
    assert not told.journey.credit("streak")


def test_an_incident_found_later_brings_the_old_end_back_and_says_so_unasked() -> None:
    journey = in_month_8()
    restarted = after(journey, call())

    repaired = advance(restarted, IncidentFound(at=MONTH_8 + DAY, call_id=call().call_id), TERMS)

    assert says(repaired) == ("CallRepaired",)
    assert end_of(repaired.journey) == end_of(journey)


def test_a_corrected_reason_brings_the_old_end_back() -> None:
    restarted = after(in_month_8(), call())

    corrected = replace(call(reason="fault"), known_at=MONTH_8 + 5 * DAY)

    assert says(advance(restarted, corrected, TERMS)) == ("CallRepaired",)


def test_no_call_counts_for_whoever_needs_it() -> None:
    restarted = after(in_month_8(), call())

    declared = advance(restarted, AccessNeeded(at=MONTH_8 + DAY), TERMS)

    assert says(declared) == ("CallRepaired",)


def test_a_repair_after_the_old_end_is_settled_like_any_other() -> None:
    restarted = after(in_month_8(), call())
    late = wait(restarted, NOON + 280 * DAY, uses_portal=True).journey

    repaired = after(late, IncidentFound(at=NOON + 280 * DAY, call_id=call().call_id))
    told = wait(repaired, NOON + 290 * DAY, uses_portal=True)

    assert says(told).count("LastMonthDone") == 1
    assert told.journey.credit("streak")


def test_a_call_reported_after_the_payout_takes_nothing_back() -> None:
    paid = wait(on_streak(), NOON + 300 * DAY, uses_portal=True).journey

    late = advance(paid, replace(call(), known_at=NOON + 301 * DAY), TERMS)

    assert says(late) == ()
    assert late.journey.credit("streak")


def test_a_call_before_the_months_begin_means_nothing() -> None:
    journey = on_streak()

    early = advance(journey, call(NOON - DAY), TERMS)

    assert says(early) == ()
    assert end_of(early.journey) == end_of(journey)


def test_calls_reported_in_any_order_give_the_same_window() -> None:
    reports = [
        call(NOON + days * DAY, reason)
        for days, reason in ((40, "bill"), (41, "fault"), (100, "tariff"), (99, None))
    ]
    known = NOON + 120 * DAY

    ends = {
        end_of(
            wait(
                after(on_streak(), *(replace(r, known_at=known) for r in order)),
                NOON + 130 * DAY,
                uses_portal=True,
            ).journey
        )
        for order in permutations(reports)
    }

    assert len(ends) == 1


def test_a_restart_beyond_the_campaign_is_said_to_be_out_of_reach() -> None:
    terms = replace(TERMS, ends_at=NOON + 60 * DAY)

    outcome = advance(in_month_8(terms), call(), terms)

    assert says(outcome) == ("GoalUnreachable",)
    assert state_of(outcome.journey, terms) is State.UNREACHABLE
