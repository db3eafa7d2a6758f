"""Help in the dialogue: answered, offered, or given to a person, and the dialogue goes on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from flows.advance import advance
from flows.effects import AskPerson, KeepWords, Request
from flows.events import Heard
from flows.helping import OFFER_LASTS
from flows.intent import Intent, Remark
from flows.journey import Journey, Outcome, Question, Stage
from flows.lines import HotlineOffered, PersonCalled, TopicAnswered, TopicsOffered
from tests.cast import NOON, TERMS, after, heard, invited, member, says

BILLS = ("bill", "payment", "contract")
ASKED = replace(after(invited(), heard(Intent.JOIN)), shown=("hash", "1", "en"))
PERSON = AskPerson(Request.PERSON)


def asks(at: datetime = NOON, **found: object) -> Heard:
    return heard(Intent.QUESTION, at, **found)


def goes(journey: Journey, *events: Heard) -> Outcome:
    return advance(after(journey, *events[:-1]), events[-1], TERMS)


def line_of(outcome: Outcome) -> object:
    return next(e.line for e in outcome.effects if hasattr(e, "line"))


def test_a_clear_question_is_answered_at_once() -> None:
    assert line_of(goes(member(), asks(topic="bill"))) == TopicAnswered("bill")


@pytest.mark.parametrize(("pick", "topic"), [(1, "bill"), (3, "contract")])
def test_of_several_a_number_chooses(pick: int, topic: str) -> None:
    offered = goes(member(), asks(offered=BILLS))

    assert line_of(offered) == TopicsOffered(BILLS)
    assert line_of(goes(offered.journey, asks(pick=pick))) == TopicAnswered(topic)


def test_after_one_answer_another_number_may_follow() -> None:
    chosen = goes(member(), asks(offered=BILLS), asks(pick=1), asks(pick=2))

    assert line_of(chosen) == TopicAnswered("payment")


def test_a_number_that_was_not_offered_shows_the_offer_again() -> None:
    assert line_of(goes(member(), asks(offered=BILLS), asks(pick=4))) == TopicsOffered(BILLS)


@pytest.mark.parametrize("journey", [member(), goes(member(), asks(offered=BILLS)).journey])
def test_without_a_fresh_offer_a_number_means_nothing(journey: Journey) -> None:
    assert says(goes(journey, asks(NOON + OFFER_LASTS, pick=1))) == ("Misunderstood",)


def test_nothing_found_offers_a_person_and_then_asks_one() -> None:
    first = goes(member(), asks())
    second = goes(first.journey, asks())

    assert says(first) == ("Misunderstood",)
    assert KeepWords() in first.effects
    assert PERSON not in first.effects
    assert line_of(second) == HotlineOffered()
    assert PERSON in second.effects


def test_an_answer_in_between_begins_the_count_anew() -> None:
    again = goes(member(), asks(), asks(topic="bill"), asks())

    assert says(again) == ("Misunderstood",)


def test_two_machines_do_not_talk_for_ever() -> None:
    outcomes = [goes(member(), asks())]

    for _ in range(49):
        outcomes.append(goes(outcomes[-1].journey, asks()))

    assert sum(len(says(outcome)) for outcome in outcomes) == 6
    assert PERSON in outcomes[-1].effects


@pytest.mark.parametrize(
    ("remark", "line"),
    [
        (Remark.COURTESY, "CourtesyReturned"),
        (Remark.SIGNS, "SignsSeen"),
        (Remark.ANGER, "AngerHeard"),
        (Remark.FOREIGN, "LanguageUnknown"),
    ],
)
def test_what_is_no_question_gets_an_apt_answer(remark: Remark, line: str) -> None:
    assert says(goes(member(), asks(remark=remark))) == (line,)


def test_signs_are_no_misunderstanding() -> None:
    assert says(goes(member(), asks(), asks(remark=Remark.SIGNS), asks())) == ("HotlineOffered",)


@pytest.mark.parametrize(
    ("intent", "question", "line"),
    [
        (Intent.LEAVE, Question.LEAVE, "LeaveAsked"),
        (Intent.ERASE, Question.ERASE, "EraseAsked"),
        (Intent.MAYBE_OPT_OUT, Question.OPT_OUT, "OptOutAsked"),
    ],
)
def test_a_question_in_between_is_answered_and_what_waits_is_asked_again(
    intent: Intent, question: Question, line: str
) -> None:
    between = goes(member(), heard(intent), asks(topic="bill"))

    assert says(between) == ("TopicAnswered", line)
    assert between.journey.question is question


def test_a_question_before_the_consent_leaves_it_waiting() -> None:
    between = goes(ASKED, asks(topic="programme"))

    assert says(between) == ("TopicAnswered", "ConsentAwaited")
    assert after(between.journey, heard(Intent.JOIN)).stage is Stage.MEMBER


def test_a_stop_word_in_a_question_is_asked_about_behind_the_answer() -> None:
    asked = advance(member(), heard(Intent.MAYBE_OPT_OUT, topic="roaming"), TERMS)

    assert says(asked) == ("TopicAnswered", "OptOutAsked")
    assert after(asked.journey, heard(Intent.JOIN)).is_silent


def test_while_a_person_talks_the_bot_is_silent_but_for_words_of_command() -> None:
    question = goes(member(), asks(topic="bill", is_attended=True))

    assert says(question) == ()
    assert question.effects == (PERSON,)
    assert says(advance(member(), heard(Intent.STATUS), TERMS)) == ("StatusSteps",)
    assert says(advance(member(), heard(Intent.EMERGENCY), TERMS)) == ("Emergency",)


def test_what_follows_a_persons_answer_goes_back_to_a_person() -> None:
    thanks = goes(member(), asks(follows_answer=True))
    topic = goes(member(), asks(follows_answer=True, topic="bill"))

    assert says(thanks) == ("PersonCalled",)
    assert PERSON in thanks.effects
    assert says(topic) == ("TopicAnswered",)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (datetime(2026, 12, 1, 12, tzinfo=UTC), None),
        (datetime(2026, 12, 1, 16, tzinfo=UTC), datetime(2026, 12, 2, 8, tzinfo=UTC)),
        (datetime(2026, 12, 1, 4, tzinfo=UTC), datetime(2026, 12, 1, 8, tzinfo=UTC)),
        (datetime(2026, 12, 5, 12, tzinfo=UTC), datetime(2026, 12, 7, 8, tzinfo=UTC)),
        (datetime(2026, 12, 24, 17, tzinfo=UTC), datetime(2026, 12, 28, 8, tzinfo=UTC)),
    ],
    ids=["open", "evening", "night", "saturday", "christmas"],
)
def test_out_of_hours_it_is_said_when_somebody_will_be_there(
    at: datetime, opens: datetime | None
) -> None:
    called = goes(member(), heard(Intent.PERSON, at))

    assert line_of(called) == PersonCalled(opens)
    assert called.effects[-1] == PERSON


def test_an_offer_lasts_a_day() -> None:
    late = NOON + OFFER_LASTS - timedelta(seconds=1)

    assert line_of(goes(member(), asks(offered=BILLS), asks(late, pick=1))) == TopicAnswered("bill")
