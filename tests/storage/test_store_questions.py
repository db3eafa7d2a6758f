"""Questions for people: one waits at a time, words are kept apart from it and can be forgotten."""

from datetime import date, datetime, timedelta

import pytest

from flows.effects import Request
from storage.changes import (
    AnswerQuestion,
    AskQuestion,
    Change,
    CloseRequest,
    CountUnfound,
    DropHistory,
    Erase,
    HoldWords,
    OpenRequest,
    ShowWords,
    TakeQuestion,
)
from storage.memory import Key
from storage.questions import text_of
from storage.store import Store
from tests.cast import ALICE, BABAK, DAY, NOON
from tests.storage.keepers import add, change, recall

pytestmark = pytest.mark.anyio

HER_PHONE = ALICE.contacts[0].address
MINUTE = timedelta(minutes=1)


def asks(text: str, at: datetime = NOON) -> AskQuestion:
    return AskQuestion(ALICE.number, HER_PHONE, text, at)


def answers(at: datetime, request: int = 1) -> tuple[Change, Change]:
    answer = AnswerQuestion(request, ALICE.number, "Mona", "It is settled.", at)
    return answer, CloseRequest(request, at, "9001")


async def test_words_kept_shortly_before_belong_to_the_question(store: Store) -> None:
    await add(store, ALICE)
    await change(store, HoldWords(ALICE.number, "too long ago", NOON - 61 * MINUTE))
    await change(store, HoldWords(ALICE.number, "my cat", NOON - MINUTE))

    await change(store, asks("a person please"))

    [waiting] = await store.questions.waiting(10)
    assert (waiting.customer, waiting.request) == (ALICE.number, Request.PERSON)
    assert (waiting.text, waiting.state) == ("my cat\na person please", "open")
    shown = await store.questions.to_show(10)
    assert [(w.request, w.text) for w in shown] == [
        (waiting.id, "my cat"),
        (waiting.id, "a person please"),
    ]


async def test_what_is_said_while_a_question_waits_is_added_to_it(store: Store) -> None:
    await add(store, ALICE)
    await change(store, asks("first"))

    await change(store, asks("second", NOON + 3 * DAY))

    [waiting] = await store.questions.waiting(10)
    assert waiting.text == "first\nsecond"


@pytest.mark.parametrize(
    ("later", "expected"), [(timedelta(hours=23), 1), (timedelta(hours=25), 2)]
)
async def test_for_a_day_after_an_answer_the_same_question_goes_on(
    store: Store, later: timedelta, expected: int
) -> None:
    await add(store, ALICE)
    await change(store, asks("first"))
    await change(store, *answers(NOON + MINUTE))
    assert await store.questions.waiting(10) == ()

    await change(store, asks("and now?", NOON + MINUTE + later))

    [waiting] = await store.questions.waiting(10)
    assert waiting.id == expected


async def test_a_question_is_read_by_its_number_and_by_its_customer(store: Store) -> None:
    await add(store, ALICE, BABAK)
    await change(store, asks("first"), TakeQuestion(1, "9001"))

    by_number = await recall(store, Key(request=1))
    by_customer = await recall(store, Key(customer=ALICE.number, with_question=True))
    unasked = await recall(store, Key(customer=ALICE.number))
    other = await recall(store, Key(customer=BABAK.number, with_question=True))

    assert by_number.question is not None
    assert by_number.question.address == HER_PHONE
    assert (by_number.question.state, by_number.question.taken_by) == ("taken", "9001")
    assert by_customer.question == by_number.question == await store.questions.question(1)
    assert unasked.question is other.question is await store.questions.question(2) is None


async def test_a_question_says_how_far_it_is(store: Store) -> None:
    await add(store, ALICE)
    states = []

    for changes in (
        (asks("first"),),
        answers(NOON + MINUTE),
        (asks("again", NOON + 2 * MINUTE),),
        (CloseRequest(1, NOON + 3 * MINUTE, "9001"),),
    ):
        await change(store, *changes)
        question = await store.questions.question(1)
        states.append(question.state if question else None)

    assert states == ["open", "answered", "open", "closed"]


async def test_what_was_answered_waits_again_for_whoever_takes_it_over(store: Store) -> None:
    await add(store, ALICE)
    await change(store, asks("first"))
    await change(store, *answers(NOON + MINUTE))

    await change(store, TakeQuestion(1, "9001 Mona"))

    [waiting] = await store.questions.waiting(10)
    assert (waiting.state, waiting.taken_by) == ("taken", "9001 Mona")


async def test_what_was_kept_for_nobody_goes_within_the_next_words(store: Store) -> None:
    await add(store, ALICE)
    await change(store, HoldWords(ALICE.number, "my secret", NOON))
    await change(store, HoldWords(ALICE.number, "else", NOON + 61 * MINUTE))

    await change(store, AskQuestion(ALICE.number, HER_PHONE, "now", NOON + 59 * MINUTE))

    assert text_of(await store.questions.words(1)) == "else\nnow"


async def test_words_are_shown_once(store: Store) -> None:
    await add(store, ALICE)
    await change(store, asks("first"))
    [first] = await store.questions.to_show(10)

    await change(store, ShowWords(first.id, NOON))
    await change(store, *answers(NOON + MINUTE))

    assert await store.questions.to_show(10) == ()
    said = await store.questions.words(1)
    assert [(w.author, w.text) for w in said] == [("", "first"), ("Mona", "It is settled.")]


async def test_other_requests_wait_in_the_same_queue(store: Store) -> None:
    await add(store, ALICE)
    await change(store, OpenRequest(ALICE.number, Request.OBJECTION, "call-1", NOON))

    await change(store, asks("first", NOON + MINUTE))

    waiting = await store.questions.waiting(10)
    assert [(w.id, w.request) for w in waiting] == [(1, Request.OBJECTION), (2, Request.PERSON)]


async def test_words_can_be_forgotten_without_the_question(store: Store) -> None:
    await add(store, ALICE)
    await change(store, asks("first"))
    await change(store, asks("second", NOON + DAY))

    gone = await store.questions.forget_words(NOON + MINUTE, 10)

    [waiting] = await store.questions.waiting(10)
    assert (gone, waiting.text) == (1, "second")
    assert text_of(await store.questions.words(1)) == "second"


async def test_erasing_takes_words_and_questions_along(store: Store) -> None:
    await add(store, ALICE)
    await change(store, asks("my name is Alice"), HoldWords(ALICE.number, "really", NOON))

    await change(store, Erase(ALICE.number, "erased-1", ()))

    assert await store.questions.waiting(10) == ()
    assert await store.questions.words(1) == ()
    assert await store.questions.question(1) is None


async def test_history_takes_along_what_was_answered(store: Store) -> None:
    await add(store, ALICE)
    await change(store, asks("first"))
    await change(store, *answers(NOON + MINUTE))

    await change(store, DropHistory(ALICE.number))

    assert await store.questions.words(1) == ()
    assert await store.questions.question(1) is None


MONDAY = date(2026, 11, 30)


async def test_what_was_not_found_is_counted_by_word(store: Store) -> None:
    week = timedelta(days=7)
    for day, words, topic in (
        (MONDAY - week, ("glasfaser",), ""),
        (MONDAY, ("glasfaser", "verfuegbar"), "contract"),
        (MONDAY, ("glasfaser",), "contract"),
        (MONDAY, ("mueller",), "bill"),
    ):
        await change(store, CountUnfound(day, words, topic))

    everything = await store.questions.unfound(MONDAY - week, 1, 10)
    assert (everything[0].word, everything[0].asked, everything[0].topic) == (
        "glasfaser",
        3,
        "contract",
    )
    assert len(everything) == 3

    await store.questions.forget_unfound(MONDAY, (MONDAY + week, 2))

    left = await store.questions.unfound(MONDAY - week, 1, 10)
    assert [(u.word, u.asked) for u in left] == [("glasfaser", 2)]
