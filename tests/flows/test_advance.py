"""The programme from the invitation to the bonus, event by event."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from flows.advance import advance
from flows.campaign import STREAK, Campaign, Steps, WindowStart
from flows.credit import CreditState
from flows.effects import Credit, Release, Reserve, Say
from flows.events import (
    AppInstalled,
    ContractEnded,
    CreditMoved,
    CreditReversed,
    Erased,
    Event,
    Feed,
    Invited,
    PlaceFreed,
    PortalRegistered,
    PortalUsed,
    StepWaived,
    VideoWatched,
    Woke,
)
from flows.intent import Intent
from flows.journey import Granted, Journey, Stage, State
from flows.lines import Credited, Line, Mark, MonthDone, StepReminder
from flows.standing import earnable, marks, promised, state_of, status
from tests.cast import DAY, NOON, TERMS, after, heard, invited, member, on_streak, says
from tests.flows.play import wait

STEPS_DONE: tuple[Event, ...] = (
    PortalRegistered(at=NOON + DAY),
    VideoWatched(at=NOON + DAY, share=0.93),
    AppInstalled(at=NOON + DAY),
)


def earned_by(*effects: object) -> list[tuple[str, int]]:
    return [(e.step, e.megabytes) for e in effects if isinstance(e, Credit)]


def test_an_invitation_is_reminded_of_once_and_expires() -> None:
    told = wait(invited(), NOON + 40 * DAY)

    assert says(told) == ("InvitationReminder",)
    assert told.journey.stage is Stage.EXPIRED
    late = advance(told.journey, heard(Intent.JOIN, NOON + 41 * DAY), TERMS)
    assert says(late) == ("InvitationExpired",)


def test_only_the_second_yes_is_the_consent() -> None:
    asked = advance(invited(), heard(Intent.JOIN), TERMS)

    assert says(asked) == ("ConsentAsked",)
    assert asked.journey.consent is None


def test_the_consent_keeps_its_proof() -> None:
    consent = member().consent

    assert consent is not None
    assert (consent.text_hash, consent.version) == ("hash", "1")
    assert consent.message_id


@pytest.mark.parametrize("order", list(permutations(STEPS_DONE)))
def test_three_steps_in_any_order_and_repeated_bring_three_credits(
    order: tuple[Event, ...],
) -> None:
    journey = member()
    earned: list[tuple[str, int]] = []

    for event in (*order, *order, *order):
        outcome = advance(journey, event, TERMS)
        journey, earned = outcome.journey, earned + earned_by(*outcome.effects)

    assert sorted(earned) == [("app", 600), ("registration", 600), ("video", 600)]
    assert state_of(journey, TERMS) is State.STREAK


def test_half_a_film_earns_nothing_but_its_transcript_does() -> None:
    half = advance(member(), VideoWatched(at=NOON, share=0.5), TERMS)
    read = advance(half.journey, VideoWatched(at=NOON, share=0, has_read_transcript=True), TERMS)

    assert earned_by(*half.effects) == []
    assert earned_by(*read.effects) == [("video", 600)]


def test_who_uses_the_portal_is_registered_already() -> None:
    outcome = advance(member(), PortalUsed(at=NOON + DAY), TERMS)

    assert earned_by(*outcome.effects) == [("registration", 600)]


def test_what_was_done_before_the_consent_is_held_and_credited_with_it() -> None:
    early = advance(invited(), AppInstalled(at=NOON), TERMS)
    joined = after(early.journey, heard(Intent.JOIN))
    joined = replace(joined, shown=("hash", "1", "en"))

    consented = advance(joined, heard(Intent.JOIN, NOON + DAY), TERMS)

    assert earned_by(*early.effects) == []
    assert earned_by(*consented.effects) == [("app", 600)]


def test_what_was_done_too_long_before_the_consent_is_forgotten() -> None:
    early = advance(invited(), AppInstalled(at=NOON), TERMS)

    late = wait(early.journey, NOON + 31 * DAY)

    assert late.journey.early == ()


def test_a_credit_is_told_only_when_it_is_booked_and_once() -> None:
    earned = advance(member(), PortalRegistered(at=NOON), TERMS)
    booked = CreditMoved(at=NOON, step="registration", is_confirmed=True)

    first = advance(earned.journey, booked, TERMS)
    again = advance(first.journey, booked, TERMS)

    assert "Credited" not in says(earned)
    line = next(e.line for e in first.effects if isinstance(e, Say))
    assert isinstance(line, Credited)
    assert (line.megabytes, line.number, line.of, line.next_step) == (600, 1, 3, "video")
    assert says(again) == ()


def test_a_slow_booking_is_owned_up_to_once() -> None:
    earned = advance(member(), PortalRegistered(at=NOON), TERMS)

    told = wait(earned.journey, NOON + DAY)

    assert says(told) == ("CreditDelayed",)


def test_a_credit_that_is_taken_back_is_said_once_and_never_called_late() -> None:
    booked = on_streak()

    first = advance(booked, CreditReversed(at=NOON, step="video"), TERMS)
    again = advance(first.journey, CreditReversed(at=NOON, step="video"), TERMS)
    later = wait(first.journey, NOON + DAY)

    assert says(first) == ("CreditTakenBack",)
    assert Release(600) in first.effects
    assert (says(again), says(later)) == ((), ())
    shown = marks(first.journey, TERMS)
    assert [m.mark for m in shown if m.step == "video"] == [Mark.TAKEN_BACK]


def test_a_bonus_that_is_taken_back_leaves_the_programme_done() -> None:
    bonus = Granted("streak", 1800, NOON, CreditState.CONFIRMED)
    journey = replace(on_streak(), granted=(*on_streak().granted, bonus))

    after_it = advance(journey, CreditReversed(at=NOON, step="streak"), TERMS).journey

    assert state_of(after_it, TERMS) is State.DONE


def test_a_refused_credit_is_said_and_its_volume_released() -> None:
    earned = advance(member(), PortalRegistered(at=NOON), TERMS)

    refused = advance(
        earned.journey, CreditMoved(at=NOON, step="registration", is_confirmed=False), TERMS
    )

    assert says(refused) == ("CreditRejected",)
    assert Release(600) in refused.effects


def test_open_steps_share_one_reminder_on_days_3_10_and_24_and_then_silence() -> None:
    told = wait(member(), NOON + 50 * DAY)

    reminders = [e.line for e in told.effects if isinstance(e, Say)]
    assert len(reminders) == 3
    assert all(isinstance(line, StepReminder) for line in reminders)
    assert reminders[0] == StepReminder(("registration", "video", "app"), 1800)


def test_a_step_starts_the_reminders_of_the_others_anew() -> None:
    reminded = wait(member(), NOON + 5 * DAY).journey

    done = after(reminded, PortalRegistered(at=NOON + 5 * DAY))

    assert len(says(wait(done, NOON + 9 * DAY))) == 2  # the delayed credit and one reminder


def test_nine_call_free_months_bring_nine_reports_and_one_bonus() -> None:
    told = wait(on_streak(), NOON + 300 * DAY, uses_portal=True)

    lines = says(told)
    assert lines.count("MonthDone") == 8
    assert lines.count("LastMonthDone") == 1
    assert earned_by(*told.effects) == [(STREAK, 1800)]
    assert state_of(told.journey, TERMS) is State.SETTLING
    booked = CreditMoved(at=NOON, step=STREAK, is_confirmed=True)
    goal = advance(told.journey, booked, TERMS)
    assert says(goal) == ("GoalReached",)
    assert state_of(goal.journey, TERMS) is State.DONE


def test_a_months_report_comes_on_the_day_of_the_start() -> None:
    told = wait(on_streak(), NOON + 32 * DAY, uses_portal=True)

    report = next(e.line for e in told.effects if isinstance(e, Say))
    assert isinstance(report, MonthDone)
    assert (report.month, report.of) == (1, 9)


def test_without_a_complete_feed_of_calls_there_is_no_bonus() -> None:
    told = wait(on_streak(), NOON + 400 * DAY, feeds=[Feed.PORTAL], uses_portal=True)

    assert earned_by(*told.effects) == []
    assert state_of(told.journey, TERMS) is State.SETTLING
    filled = Woke(at=NOON + 401 * DAY, watermarks=((Feed.HOTLINE, NOON + 400 * DAY),))
    assert earned_by(*advance(told.journey, filled, TERMS).effects) == [(STREAK, 1800)]


def test_who_comes_late_is_told_the_latest_month_only() -> None:
    late = Woke(at=NOON + 95 * DAY)

    told = advance(on_streak(), late, TERMS)

    months = [e.line.month for e in told.effects if isinstance(e, Say) and hasattr(e.line, "month")]
    assert months == [3]


def test_what_can_be_earned_is_reserved_at_the_consent() -> None:
    shown = replace(after(invited(), heard(Intent.JOIN)), shown=("hash", "1", "en"))

    enrolled = advance(shown, heard(Intent.JOIN), TERMS)

    assert Reserve(3600) in enrolled.effects
    assert promised(enrolled.journey, TERMS) == 3600


def test_leaving_releases_what_can_no_longer_be_earned_and_keeps_what_is_being_booked() -> None:
    earned = after(member(), PortalRegistered(at=NOON))
    asked = after(earned, heard(Intent.LEAVE))

    left = advance(asked, heard(Intent.LEAVE), TERMS)

    assert left.journey.stage is Stage.LEFT
    assert Release(3000) in left.effects
    assert promised(left.journey, TERMS) == 600


def test_an_exhausted_budget_puts_the_consent_on_the_waiting_list() -> None:
    shown = replace(after(invited(), heard(Intent.JOIN)), shown=("hash", "1", "en"))

    waiting = advance(shown, heard(Intent.JOIN, has_room=False), TERMS)
    freed = advance(waiting.journey, PlaceFreed(at=NOON + DAY), TERMS)

    assert says(waiting) == ("PutOnWaitingList",)
    assert waiting.journey.consent is not None
    assert says(freed) == ("Enrolled",)
    assert Reserve(3600) in freed.effects


def test_a_waived_step_brings_no_credit_but_lets_the_months_begin() -> None:
    two = after(member(), *STEPS_DONE[:2])

    waived = advance(two, StepWaived(at=NOON + 2 * DAY, step="app"), TERMS)

    assert earned_by(*waived.effects) == []
    assert "StreakStarted" in says(waived)
    assert Release(600) in waived.effects


def test_the_end_of_the_contract_ends_everything_in_silence() -> None:
    ended = advance(on_streak(), ContractEnded(at=NOON + DAY), TERMS)

    assert says(ended) == ()
    assert says(wait(ended.journey, NOON + 400 * DAY)) == ()


def test_erasing_ends_the_membership_and_all_messages() -> None:
    erased = advance(on_streak(), Erased(at=NOON + DAY), TERMS)

    assert erased.journey.is_silent
    assert erased.journey.stage is Stage.ENDED


def test_what_was_never_asked_for_is_void_with_an_erasure_and_given_back() -> None:
    waits = after(member(), PortalRegistered(at=NOON), AppInstalled(at=NOON))

    erased = advance(waits, Erased(at=NOON + DAY, voided=("app",)), TERMS)

    states = {g.step: g.state for g in erased.journey.granted}
    assert states == {"registration": CreditState.EARNED, "app": CreditState.VOIDED}
    assert Release(3000) in erased.effects  # all but the 600 that the operator may be booking


def test_what_is_left_of_a_journey_promises_what_it_promised() -> None:
    ended = after(on_streak(), Erased(at=NOON + DAY))

    assert ended.record.granted == ended.granted
    assert ended.record.consent == ended.consent
    assert promised(ended.record, TERMS) == promised(ended, TERMS) == 0
    assert (ended.record.reached, ended.record.calls) == ((), ())


def test_somebody_held_out_hears_nothing_and_earns_nothing() -> None:
    held = advance(Journey("100004"), Invited(at=NOON, is_held_out=True), TERMS)

    done = advance(held.journey, PortalRegistered(at=NOON), TERMS)

    assert held.effects == ()
    assert done.effects == ()


def campaign(**rewards: int) -> Campaign:
    return replace(TERMS, steps=Steps(rewards))


def test_another_campaign_needs_no_python() -> None:
    short = replace(
        campaign(registration=100, app=50, streak=300), streak=replace(TERMS.streak, months=2)
    )
    done = after(member(terms=short), STEPS_DONE[0], STEPS_DONE[2], terms=short)

    told = wait(done, NOON + 80 * DAY, terms=short, uses_portal=True)

    assert earned_by(*told.effects) == [(STREAK, 300)]


def test_a_campaign_without_months_is_done_after_its_steps() -> None:
    terms = campaign(registration=100)
    done = after(member(terms=terms), STEPS_DONE[0], terms=terms)

    booked = after(done, CreditMoved(at=NOON, step="registration", is_confirmed=True), terms=terms)

    assert state_of(booked, terms) is State.DONE


def test_a_step_that_requires_another_waits_for_it() -> None:
    steps = replace(TERMS.steps, requires={"app": "registration"})
    terms = replace(TERMS, steps=steps)

    early = advance(member(terms=terms), AppInstalled(at=NOON), terms)
    both = advance(early.journey, PortalRegistered(at=NOON + DAY), terms)

    assert earned_by(*early.effects) == []
    assert earned_by(*both.effects) == [("registration", 600), ("app", 600)]


@pytest.mark.parametrize("start", list(WindowStart))
def test_the_months_can_begin_at_other_moments(start: WindowStart) -> None:
    terms = replace(TERMS, streak=replace(TERMS.streak, starts_with=start))
    registered = after(member(terms=terms), PortalRegistered(at=NOON + DAY), terms=terms)

    is_running = state_of(registered, terms) is State.STREAK

    assert is_running is (start is not WindowStart.ALL_STEPS)


def test_a_status_exists_for_every_stage() -> None:
    for stage in Stage:
        journey = replace(member(), stage=stage)
        assert isinstance(status(journey, TERMS, NOON), Line)


def test_what_leaving_costs_is_what_can_still_be_earned() -> None:
    assert earnable(member(), TERMS) == 3600
    assert earnable(on_streak(), TERMS) == 1800


def test_a_report_of_the_past_counts_even_after_the_drop_out() -> None:
    dropped = wait(member(), NOON + 95 * DAY).journey
    in_time = VideoWatched(at=NOON + 80 * DAY, known_at=NOON + 96 * DAY, share=1)
    too_late = VideoWatched(at=NOON + 95 * DAY, share=1)

    assert earned_by(*advance(dropped, in_time, TERMS).effects) == [("video", 600)]
    assert earned_by(*advance(dropped, too_late, TERMS).effects) == []


def test_a_bonus_waits_for_its_lag() -> None:
    end = on_streak()
    before = wait(end, NOON + timedelta(days=279), uses_portal=True)  # month 9 ends on day 274

    assert earned_by(*before.effects) == []
