"""Who stops using the portal is warned twice and drops out; what was earned stays."""

from flows.advance import advance
from flows.effects import Release
from flows.events import CreditMoved, Feed, ObjectionAnswered, PortalUsed, Readmitted, VideoWatched
from flows.intent import Intent
from flows.journey import Stage, State
from flows.standing import state_of
from tests.cast import DAY, NOON, TERMS, after, heard, member, on_streak, says
from tests.flows.play import wait


def warnings(days: int) -> list[str]:
    told = wait(on_streak(), NOON + days * DAY)
    return [name for name in says(told) if name in ("InactivityWarning", "DroppedOut")]


def test_warnings_come_on_days_60_and_80_and_the_end_on_day_90() -> None:
    assert warnings(59) == []
    assert warnings(60) == ["InactivityWarning"]
    assert warnings(80) == ["InactivityWarning"] * 2
    assert warnings(90) == ["InactivityWarning"] * 2 + ["DroppedOut"]


def test_any_use_of_the_portal_starts_the_days_anew() -> None:
    warned = wait(on_streak(), NOON + 85 * DAY).journey

    active = after(warned, PortalUsed(at=NOON + 85 * DAY))

    later = wait(active, NOON + 144 * DAY)
    assert "InactivityWarning" not in says(later)
    assert "InactivityWarning" in says(wait(active, NOON + 145 * DAY))


def test_watching_the_film_is_no_use_of_the_portal() -> None:
    watched = after(member(), VideoWatched(at=NOON + 50 * DAY, share=1))

    assert "InactivityWarning" in says(wait(watched, NOON + 60 * DAY))


def test_nobody_drops_out_while_the_feed_of_the_portal_is_behind() -> None:
    told = wait(on_streak(), NOON + 120 * DAY, feeds=[Feed.HOTLINE])

    assert told.journey.stage is Stage.MEMBER


def test_dropping_out_releases_the_rest_and_a_later_step_earns_nothing() -> None:
    told = wait(member(), NOON + 91 * DAY)

    assert state_of(told.journey, TERMS) is State.DROPPED
    assert Release(3600) in told.effects
    late = advance(told.journey, VideoWatched(at=NOON + 92 * DAY, share=1), TERMS)
    assert late.effects == ()


def test_what_was_earned_before_is_still_booked_and_told() -> None:
    earned = after(member(), VideoWatched(at=NOON, share=1))
    dropped = wait(earned, NOON + 91 * DAY).journey

    booked = advance(dropped, CreditMoved(at=NOON, step="video", is_confirmed=True), TERMS)

    assert says(booked) == ("Credited",)


def test_a_drop_out_can_be_objected_to_and_taken_back() -> None:
    dropped = wait(on_streak(), NOON + 91 * DAY).journey
    objected = after(dropped, heard(Intent.OBJECT, NOON + 92 * DAY))

    accepted = advance(objected, ObjectionAnswered(at=NOON + 93 * DAY, is_accepted=True), TERMS)

    assert accepted.journey.stage is Stage.MEMBER
    assert says(accepted) == ("ObjectionDecided",)


def test_a_manager_can_bring_somebody_back() -> None:
    dropped = wait(on_streak(), NOON + 91 * DAY).journey

    back = advance(dropped, Readmitted(at=NOON + 93 * DAY), TERMS)

    assert says(back) == ("Reinstated",)
    assert state_of(back.journey, TERMS) is State.STREAK


def test_the_last_quarter_before_the_end_drops_nobody() -> None:
    active = after(on_streak(), PortalUsed(at=NOON + 200 * DAY))

    told = wait(active, NOON + 273 * DAY)

    assert told.journey.stage is Stage.MEMBER
