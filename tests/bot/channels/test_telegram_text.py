"""Cutting long texts: nothing is lost, nothing breaks, nothing is too long."""

from html import escape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram_text import LIMIT, plain, split, units

TEXT = st.text(st.characters(codec="utf-8"))


class Reader(HTMLParser):
    """Reads a part as a client does, and refuses tags that do not close in their order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.styled: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(f"{tag} {attrs}" if attrs else tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop().split(" ")[0] == tag

    def handle_data(self, data: str) -> None:
        self.styled += [(character, tuple(self.open)) for character in data]


def read(html: str) -> list[tuple[str, tuple[str, ...]]]:
    """Give each character that is shown, with its styles; blanks are left out."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open, f"{reader.open} left open"
    return [(character, styles) for character, styles in reader.styled if not character.isspace()]


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


TAGS = (("<b>", "</b>"), ("<i>", "</i>"), ('<a href="https://x.example/?a=1&amp;b=2">', "</a>"))


@st.composite
def marked_up(draw: st.DrawFn) -> str:
    """Compose texts as our wording does: escaped words, blanks, and styles within styles."""
    words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])).map(escape)
    pieces = st.recursive(
        words | st.sampled_from([" ", "\n", "\n\n", "&amp;", "&lt;", "&#128512;", "👩‍👩‍👧", "💥"]),
        lambda inner: st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=5)).map(
            lambda styled: styled[0][0] + "".join(styled[1]) + styled[0][1]
        ),
        max_leaves=25,
    )
    return "".join(draw(st.lists(pieces, max_size=15)))


@given(TEXT)
def test_units_are_those_of_utf_16(text: str) -> None:
    assert units(text) == utf16(text)


@given(marked_up(), st.integers(8, 40))
def test_cutting_loses_no_character_and_no_style(html: str, limit: int) -> None:
    parts = split(html, limit)

    assert [piece for part in parts for piece in read(part)] == read(html)


@given(marked_up(), st.integers(8, 40))
def test_no_part_is_too_long_or_empty(html: str, limit: int) -> None:
    for part in split(html, limit):
        assert 0 < utf16(plain(part)) <= limit
        assert plain(part).strip()


@given(TEXT, st.integers(8, 40))
def test_a_text_that_was_never_escaped_is_cut_without_raising(text: str, limit: int) -> None:
    for part in split(text, limit):
        assert utf16(plain(part)) <= limit


def test_a_text_that_fits_stays_as_it_is() -> None:
    html = "<b>Hi</b> &amp; " + "💥" * 2000

    assert split(html) == (html,)


def test_tags_and_entities_do_not_count() -> None:
    html = "<b>" + "&amp;" * LIMIT + "</b>"

    assert split(html) == (html,)


def test_one_unit_too_many_makes_two_parts() -> None:
    first, second = split("x" * (LIMIT + 1))

    assert (len(first), second) == (LIMIT, "x")


def test_a_character_of_two_units_is_never_halved() -> None:
    first, second = split("x" * (LIMIT - 1) + "💥")

    assert (units(first), second) == (LIMIT - 1, "💥")


CUTS = (
    ("aaaaaa\n\nbbb c\nddd", ("aaaaaa", "bbb c\nddd"), "an empty line before a line's end"),
    ("aaaaaa bb\nccccc", ("aaaaaa bb", "ccccc"), "a line's end before a blank"),
    ("aaaaaa bbbbbbb", ("aaaaaa", "bbbbbbb"), "a blank before the middle of a word"),
    ("a\n\nbbbbbbbbbbbb", ("a\n\nbbbbbbb", "bbbbb"), "nothing that leaves a part half empty"),
)


@pytest.mark.parametrize(("html", "parts", "why"), CUTS)
def test_a_cut_looks_for_a_good_place(html: str, parts: tuple[str, ...], why: str) -> None:
    assert split(html, 10) == parts, why


def test_a_style_goes_on_in_the_next_part() -> None:
    assert split("<b>aaaaa <i>bbbbb</i></b> c", 8) == ("<b>aaaaa</b>", "<b><i>bbbbb</i></b> c")


def test_nothing_to_show_gives_no_part() -> None:
    assert split(" \n ") == ()
    assert split("<b> </b>" * 9, 8) == ()
