"""Progress cards: which lines have one, and that it says nothing that its text does not say."""

from html import unescape
from io import BytesIO

import pytest
from PIL import Image

from flows import lines
from flows.lines import Line
from messages.cards import Card
from messages.pictures import HEIGHT, WIDTH, draw
from tests.cast import NOON
from tests.messages.speaking import tell

CREDITED = lines.Credited("video", 600, 1200, 2, 3, NOON, "app")
FINISHED = lines.LastMonthDone(9, 9, 1800, NOON)
GOAL = lines.GoalReached(1800, 3600, 9, NOON)


def month(number: int) -> Line:
    return lines.MonthDone(number, 9, 143, NOON, 1800)


@pytest.mark.parametrize(
    ("line", "headline", "way"),
    [
        (CREDITED, "+600 MB", (2, 3)),
        (month(3), "3 von 9 Monaten", (3, 9)),
        (month(6), "6 von 9 Monaten", (6, 9)),
        (FINISHED, "9 von 9 Monaten", (9, 9)),
        (GOAL, "+1,8 GB", (9, 9)),
    ],
)
def test_a_milestone_has_a_card(line: Line, headline: str, way: tuple[int, int]) -> None:
    card = tell(line).card

    assert card is not None
    assert (card.headline, (card.done, card.of)) == (headline, way)
    assert card.brand == "Nordlicht Mobil"


def test_only_the_bonus_is_celebrated() -> None:
    cards = [tell(line).card for line in (GOAL, FINISHED, CREDITED)]

    assert [card is not None and card.is_goal for card in cards] == [True, False, False]


@pytest.mark.parametrize(
    "line", [month(1), month(4), month(8), lines.StatusDone(3600), lines.Kept()]
)
def test_what_is_no_milestone_has_none(line: Line) -> None:
    assert tell(line).card is None


@pytest.mark.parametrize("line", [CREDITED, month(3), FINISHED, GOAL])
@pytest.mark.parametrize("language", ["de", "en"])
def test_the_text_is_complete_without_its_card(language: str, line: Line) -> None:
    wording = tell(line, language)
    assert wording.card is not None

    said = unescape(wording.text)
    said = said.replace("1800 MB", "1800 MB 1,8 GB" if language == "de" else "1800 MB 1.8 GB")
    figures = [w for w in wording.card.spoken.split() if any(c.isdigit() for c in w)]
    assert figures
    assert [figure for figure in figures if figure.strip("+.") not in said] == []


def test_everybody_at_the_same_milestone_gets_the_same_card() -> None:
    first = lines.MonthDone(3, 9, 143, NOON, 1800)
    second = lines.MonthDone(3, 9, 151, NOON.replace(day=28), 1800)

    assert tell(first).card == tell(second).card


# --- Drawing ------------------------------------------------------------------------------------


LONG = Card(
    "Stadtwerke Oberes Ilmtal Telekommunikation " * 3, "Ü" * 80, "9" * 60, "g" * 200, 18, 24
)


@pytest.mark.parametrize(
    "card",
    [
        Card("Nordlicht Mobil", "Step 1 of 1", "+600 MB", "App", 1, 1),
        Card("Nordlicht Mobil", "Geschafft!", "3 von 9 Monaten", "1,8 GB", 3, 9),
        Card("", "", "", "", 0, 12),
        LONG,
    ],
)
def test_any_card_is_drawn_as_a_small_picture_for_a_phone(card: Card) -> None:
    drawn = draw(card)

    picture = Image.open(BytesIO(drawn))
    assert (picture.format, picture.size) == ("PNG", (WIDTH, HEIGHT))
    assert len(drawn) < 200_000


def test_a_card_is_always_drawn_alike_and_each_state_differently() -> None:
    three = Card("N", "Geschafft!", "3 von 9 Monaten", "1,8 GB", 3, 9)
    six = Card("N", "Geschafft!", "3 von 9 Monaten", "1,8 GB", 6, 9)

    assert draw(three) == draw(three)
    assert draw(three) != draw(six)
