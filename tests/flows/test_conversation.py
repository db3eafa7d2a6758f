"""What words lead to, in every stage; and the questions that we asked."""

from dataclasses import replace

import pytest

from flows.advance import advance
from flows.effects import Erase, Listen, Say, Silence
from flows.events import (
    AddressLinked,
    CreditMoved,
    Erased,
    Event,
    PlaceFreed,
    PortalRegistered,
    TelegramStarted,
)
from flows.intent import Intent
from flows.journey import Journey, Stage
from flows.lines import DataErased, EraseAsked
from tests.cast import DAY, NOON, TERMS, after, heard, invited, member, on_streak, says
from tests.flows.play import wait

STAGES: dict[str, Journey] = {
    "invited": invited(),
    "asked": replace(after(invited(), heard(Intent.JOIN)), shown=("hash", "1", "en")),
    "steps": member(),
    "streak": on_streak(),
    "left": replace(on_streak(), stage=Stage.LEFT, out_at=NOON),
}
# What is said to each intent, per stage; None: the same as in the column before.
TABLE: dict[Intent, tuple[str, str, str, str, str]] = {
    Intent.EMERGENCY: ("Emergency",) * 5,
    Intent.JOIN: ("ConsentAsked", "Enrolled", "StatusSteps", "StatusStreak", "NoLonger"),
    Intent.DECLINE: ("Declined", "Declined", "Help", "Help", "Help"),
    Intent.OPT_OUT: ("OptedOut",) * 5,
    Intent.MAYBE_OPT_OUT: ("OptOutAsked",) * 5,
    Intent.OPT_IN: ("OptedIn",) * 5,
    Intent.LEAVE: ("Declined", "Declined", "LeaveAsked", "LeaveAsked", "Help"),
    Intent.STATUS: ("StatusInvited", "ConsentAsked", "StatusSteps", "StatusStreak", "NoLonger"),
    Intent.NEXT: ("StatusInvited", "ConsentAsked", "NextStep", "StatusStreak", "NoLonger"),
    Intent.HELP: ("Help",) * 5,
    Intent.PERSON: ("PersonCalled",) * 5,
    Intent.TERMS: ("TermsShown",) * 5,
    Intent.OBJECT: ("NothingToObject",) * 5,
    Intent.DATA: ("DataOffered",) * 5,
    Intent.ERASE: ("EraseAsked",) * 5,
    Intent.LANGUAGE: ("LanguageChanged", "ConsentAsked", *("LanguageChanged",) * 3),
    Intent.QUESTION: ("Misunderstood",) * 5,
}


@pytest.mark.parametrize("intent", list(Intent))
@pytest.mark.parametrize("column", range(5), ids=list(STAGES))
def test_every_word_has_an_answer_in_every_stage(intent: Intent, column: int) -> None:
    journey = list(STAGES.values())[column]

    assert says(advance(journey, heard(intent), TERMS)) == (TABLE[intent][column],)


def test_stop_silences_everything_and_is_confirmed_once() -> None:
    first = advance(member(), heard(Intent.OPT_OUT), TERMS)
    second = advance(first.journey, heard(Intent.OPT_OUT), TERMS)

    assert Silence() in first.effects
    assert says(first) == ("OptedOut",)
    assert says(second) == ()


def test_after_stop_nothing_unasked_is_said_and_credits_are_still_earned() -> None:
    silent = after(member(), heard(Intent.OPT_OUT))

    told = wait(silent, NOON + 100 * DAY)
    earned = after(silent, PortalRegistered(at=NOON))
    booked = advance(earned, CreditMoved(at=NOON, step="registration", is_confirmed=True), TERMS)

    assert says(told) == ()
    assert says(booked) == ()
    assert booked.journey.credited_megabytes == 600


def test_who_asks_after_stop_is_answered() -> None:
    silent = after(member(), heard(Intent.OPT_OUT))

    assert says(advance(silent, heard(Intent.STATUS), TERMS)) == ("StatusSteps",)


def test_only_start_brings_the_messages_back() -> None:
    silent = after(member(), heard(Intent.OPT_OUT))

    assert after(silent, heard(Intent.JOIN)).is_silent
    back = advance(silent, heard(Intent.OPT_IN), TERMS)
    assert Listen() in back.effects
    assert not back.journey.is_silent


def test_slash_start_opts_nobody_in_by_itself() -> None:
    silent = after(member(), heard(Intent.OPT_OUT))

    asked = advance(silent, TelegramStarted(at=NOON), TERMS)

    assert says(asked) == ("OptInAsked",)
    assert asked.journey.is_silent


@pytest.mark.parametrize("yes", [Intent.JOIN, Intent.OPT_OUT])
def test_a_stop_word_in_a_sentence_is_asked_about_once(yes: Intent) -> None:
    asked = after(member(), heard(Intent.MAYBE_OPT_OUT))

    assert after(asked, heard(yes)).is_silent
    assert not after(asked, heard(Intent.DECLINE)).is_silent
    assert not after(asked, heard(Intent.STATUS)).is_silent


@pytest.mark.parametrize("answer", [Intent.DECLINE, Intent.STATUS])
def test_leaving_is_asked_for_twice(answer: Intent) -> None:
    asked = after(member(), heard(Intent.LEAVE))

    assert asked.stage is Stage.MEMBER
    assert after(asked, heard(answer), heard(Intent.JOIN)).stage is Stage.MEMBER
    assert after(asked, heard(Intent.LEAVE)).stage is Stage.LEFT


def test_erasing_is_asked_for_twice_and_names_what_is_lost() -> None:
    asked = advance(member(), heard(Intent.ERASE), TERMS)
    confirmed = advance(asked.journey, heard(Intent.ERASE), TERMS)
    kept = advance(asked.journey, heard(Intent.DECLINE), TERMS)

    assert Say(EraseAsked(3600)) in asked.effects
    assert confirmed.effects == (Say(DataErased(has_record=True)), Erase())
    assert says(kept) == ("Kept",)


def test_the_second_misunderstanding_in_a_row_offers_the_hotline() -> None:
    once = after(member(), heard(Intent.QUESTION))
    between = after(once, heard(Intent.STATUS))

    assert says(advance(once, heard(Intent.QUESTION), TERMS)) == ("HotlineOffered",)
    assert says(advance(between, heard(Intent.QUESTION), TERMS)) == ("Misunderstood",)


@pytest.mark.parametrize(("language", "expected"), [("de", "de"), (None, "de"), ("xx", "en")])
def test_a_language_is_taken_if_we_speak_it(language: str | None, expected: str) -> None:
    changed = after(member(), heard(Intent.LANGUAGE, language=language))

    assert changed.language == expected


def test_somebody_who_declined_may_still_join_in_time() -> None:
    declined = after(invited(), heard(Intent.DECLINE))

    soon = advance(declined, heard(Intent.JOIN, NOON + DAY), TERMS)
    late = advance(declined, heard(Intent.JOIN, NOON + 31 * DAY), TERMS)

    assert says(soon) == ("ConsentAsked",)
    assert says(late) == ("InvitationExpired",)


def test_a_linked_account_goes_on_at_the_same_step() -> None:
    journey = after(member(), PortalRegistered(at=NOON))

    first = advance(journey, AddressLinked(at=NOON), TERMS)
    again = advance(first.journey, AddressLinked(at=NOON, is_first=False), TERMS)

    assert says(first) == ("Linked", "StatusSteps")
    assert says(again) == ("StatusSteps",)
    assert first.journey == journey


def test_an_unknown_event_is_our_mistake() -> None:
    with pytest.raises(TypeError, match="not an event"):
        advance(member(), Event(at=NOON), TERMS)


@pytest.mark.parametrize("word", [Intent.DECLINE, Intent.LEAVE])
def test_a_consent_that_waits_for_a_place_can_be_taken_back(word: Intent) -> None:
    waiting = replace(member(), stage=Stage.WAITING)

    outcome = advance(waiting, heard(word), TERMS)

    assert says(outcome) == ("Declined",)
    assert advance(outcome.journey, PlaceFreed(at=NOON), TERMS).journey.stage is Stage.DECLINED


@pytest.mark.parametrize("stage", [Stage.INVITED, Stage.ASKED, Stage.WAITING])
def test_whoever_wants_to_be_erased_is_not_reminded_and_not_enrolled(stage: Stage) -> None:
    asked = replace(invited(), stage=stage, consent=member().consent)

    erased = after(asked, heard(Intent.ERASE), heard(Intent.ERASE), Erased(at=NOON))
    erased = after(erased, PlaceFreed(at=NOON))

    assert wait(erased, NOON + 40 * DAY).effects == ()
    assert not wait(erased, NOON + 40 * DAY).journey.is_member


def test_a_yes_to_terms_that_have_changed_since_is_asked_for_again() -> None:
    asked = replace(after(invited(), heard(Intent.JOIN)), shown=("hash", "1", "en"))
    newer = replace(TERMS, version="2")

    outcome = advance(asked, heard(Intent.JOIN), newer)

    assert says(outcome) == ("ConsentAsked",)
    assert outcome.journey.consent is None
