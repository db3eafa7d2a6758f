"""Which scenes an invoice makes, and what they tell."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.film.figures import money
from messages.film.invoice import Invoice, Item, Part, itemised, plain_name
from messages.film.sample import SAMPLE
from messages.film.storyboard import FRAME_MS, LONGEST_MS, SHORTEST_MS, Kind
from messages.film.telling import storyboard, tell
from messages.film.texts import languages, spoken, texts_of
from tests.messages.film.bills import (
    BILLED,
    IN_CREDIT,
    PLAIN,
    SPEAKER,
    TOTAL_ONLY,
    with_fifty_lines,
)

LANGUAGES = ("de", "en")


def kinds(invoice: Invoice) -> list[Kind]:
    return [scene.kind for scene in storyboard(invoice, SPEAKER).scenes]


def test_the_film_speaks_what_the_bot_speaks() -> None:
    assert languages() == LANGUAGES
    assert [spoken(language) for language in ("en", "de", "fr")] == ["en", "de", "de"]


def test_a_bill_becomes_scenes_in_the_order_of_a_bill() -> None:
    assert kinds(PLAIN) == [
        Kind.OPENING,
        Kind.TOTAL,
        Kind.BASE,
        Kind.EXTRA,
        Kind.DISCOUNT,
        Kind.LESS,
        Kind.DUE,
        Kind.CLOSING,
    ]


def test_what_a_bill_does_not_tell_is_not_shown() -> None:
    shown = kinds(TOTAL_ONLY)

    assert shown == [Kind.OPENING, Kind.TOTAL_ALONE, Kind.PARTS, Kind.CLOSING]


def test_who_is_in_credit_is_not_told_to_pay() -> None:
    assert Kind.DUE not in kinds(IN_CREDIT)
    assert Kind.CREDIT in kinds(IN_CREDIT)
    assert Kind.NOTHING in kinds(replace(IN_CREDIT, cents=0))


@pytest.mark.parametrize(
    ("before", "kind"), [(2755, Kind.MORE), (2756, Kind.SAME), (2757, Kind.LESS)]
)
def test_the_bill_is_compared_to_the_cent(before: int, kind: Kind) -> None:
    assert kind in kinds(replace(PLAIN, previous_cents=before))


def test_fifty_lines_become_the_largest_and_one_row_for_the_small() -> None:
    invoice = with_fifty_lines()
    extra = next(s for s in storyboard(invoice, SPEAKER).scenes if s.kind is Kind.EXTRA)

    assert [item.name for item in extra.items] == ["Gespräch 45", "Gespräch 46", "Gespräch 47"]
    assert extra.rest is not None
    assert extra.rest.count == 45
    assert extra.cents == sum(item.cents for item in invoice.of(Part.EXTRA))


def test_what_has_the_same_name_is_one_row() -> None:
    calls = [Item("Anruf", Part.EXTRA, 29)] * 14

    assert itemised(calls, 14 * 29) == (Item("Anruf", Part.EXTRA, 406, 14),)


def test_what_the_lines_leave_unexplained_is_said() -> None:
    listed = itemised([Item("Tarif", Part.BASE, 2100)], 2499)

    assert listed[-1] == Item("", Part.EXTRA, 399)
    assert itemised([Item("Tarif", Part.BASE, 2600)], 2499)[-1].part is Part.DISCOUNT
    assert itemised([], 2499) == ()


def test_a_name_is_one_line_of_plain_text() -> None:
    assert plain_name("  Anruf\n\x00 nach\u2028\u202eParis\t ") == "Anruf nach Paris"
    assert len(plain_name("x" * 500)) == 48


@pytest.mark.parametrize("invoice", [SAMPLE, PLAIN, TOTAL_ONLY, IN_CREDIT, with_fifty_lines()])
def test_a_film_lasts_between_half_a_minute_and_a_minute(invoice: Invoice) -> None:
    board = storyboard(invoice, SPEAKER)

    assert 30_000 <= board.duration_ms <= 60_000
    assert board.scenes[0].from_ms == 0
    for scene, following in zip(board.scenes, board.scenes[1:], strict=False):
        assert scene.from_ms < scene.until_ms == following.from_ms
        assert scene.until_ms % FRAME_MS == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_amount_of_the_bill_is_told_exactly(language: str) -> None:
    told = " ".join(
        sentence
        for telling in tell(storyboard(PLAIN, SPEAKER), language)
        for sentence in telling.sentences
    )

    for cents in (2756, 2499, 499, 58, 557, -300, 3108, 352):
        assert money(cents, "EUR", language) in told


def test_money_is_written_as_people_write_it() -> None:
    assert money(123456, "EUR", "de") == "1.234,56\xa0€"
    assert money(-530, "EUR", "de") == "-5,30\xa0€"
    assert money(123456, "EUR", "en") == "€1,234.56"
    assert money(-5, "CHF", "de") == "-0,05\xa0CHF"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_scene_and_every_item_of_the_sample_has_its_words(language: str) -> None:
    texts = texts_of(language)

    assert set(texts.scenes) == {kind.value for kind in Kind}
    assert set(texts.sample) == {item.name for item in SAMPLE.items}
    assert texts.page.keys() == texts_of("de").page.keys()
    assert texts.labels.keys() == texts_of("de").labels.keys()


def test_the_sample_bill_adds_up() -> None:
    assert sum(item.cents for item in SAMPLE.items) == SAMPLE.cents


amounts = st.integers(-(10**9), 10**9)
items = st.builds(
    Item, st.text(max_size=60).map(plain_name), st.sampled_from(Part), amounts, st.integers(1, 99)
)


@given(st.lists(items, max_size=60), amounts, st.none() | amounts, st.none() | st.dates())
def test_any_bill_becomes_a_film_that_adds_up(
    lines: list[Item], total: int, previous: int | None, due: date | None
) -> None:
    listed = itemised(lines, total)
    invoice = Invoice(BILLED, total, items=listed, previous_cents=previous, due_on=due)

    board = storyboard(invoice, SPEAKER)

    shown = sum(scene.cents for scene in board.scenes)
    assert shown == (total if listed else 0)
    assert SHORTEST_MS - 500 <= board.duration_ms <= LONGEST_MS + 500
    assert all(scene.until_ms > scene.from_ms for scene in board.scenes)
    assert all(telling.heading for telling in tell(board, "de"))
