"""Every line has its words, in each language, for each channel."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
import structlog
from jinja2 import TemplateSyntaxError

from flows import lines
from flows.customer import Channel
from flows.intent import Intent
from flows.lines import Line
from messages.lint import every_line
from messages.samples import EXTREMES, LONG_LINKS
from messages.segments import normalise
from messages.wording import (
    NO_LINKS,
    Unspoken,
    Unworded,
    Wordbook,
    name_of,
)
from tests.messages.speaking import TERMS, say, tell, with_words, wordbook

APRIL = datetime(2027, 4, 30, 10, tzinfo=UTC)
LINK = re.compile(r'<a href="([^"]+)">([^<]+)</a>')
LANGUAGES = pytest.mark.parametrize("language", ["de", "en"])


# --- How they are written -------------------------------------------------------------------------


def test_facts_are_escaped_for_telegram_and_nowhere_else(tmp_path: Path) -> None:
    book = with_words(tmp_path, "", brand="A&B <Funk>")
    line = lines.Invitation(3600, 9)

    assert "A&B <Funk>" in book.word(line, "de", Channel.SMS, NO_LINKS).text
    assert "A&B <Funk>" in book.word(line, "de", Channel.EMAIL, NO_LINKS).text
    html = book.word(line, "de", Channel.TELEGRAM, NO_LINKS).text
    assert "<b>A&amp;B &lt;Funk&gt;</b>" in html


@LANGUAGES
def test_markup_is_for_telegram_only(language: str) -> None:
    for line in EXTREMES:
        assert "<" not in say(line, language, Channel.SMS)
        assert "&" not in unescape(say(line, language, Channel.TELEGRAM).replace("&amp;", ""))


def test_an_sms_is_normalised_as_it_is_written(tmp_path: Path) -> None:
    macros = "{% macro kept() %}„Gut“ – {{ brand }}{% endmacro %}"
    book = with_words(tmp_path, macros, brand="Funk\u00a0AG")

    assert book.word(lines.Kept(), "de", Channel.SMS, NO_LINKS).text == '"Gut" - Funk AG'


@LANGUAGES
def test_what_is_counted_is_what_goes_out(language: str) -> None:
    for line in EXTREMES:
        text = say(line, language)
        assert text == normalise(text)
        assert text == text.strip()
        assert "  " not in text


@pytest.mark.parametrize("line", EXTREMES)
@LANGUAGES
def test_nothing_is_glued_or_left_over(line: Line, language: str) -> None:
    for channel in Channel:
        text = say(line, language, channel)
        for slip in ("None", "{{", "¶", "..", " .", " ,", "\n\n\n", ".Fragen", "Mark."):
            assert slip not in text, (channel, text)


def test_a_blank_line_ends_a_paragraph_and_a_pilcrow_a_line(tmp_path: Path) -> None:
    macros = "{% macro kept() %}\none\ntwo\n\nthree\n¶ four\n{% endmacro %}"
    book = with_words(tmp_path, macros)

    assert book.word(lines.Kept(), "de", Channel.SMS, NO_LINKS).text == "one two\nthree\nfour"
    assert (
        book.word(lines.Kept(), "de", Channel.TELEGRAM, NO_LINKS).text == "one two\n\nthree\nfour"
    )


def test_an_email_has_a_subject() -> None:
    wording = wordbook().word(lines.Invitation(3600, 9), "de", Channel.EMAIL, LONG_LINKS)

    assert wording.subject == "Nordlicht Mobil: bis zu 3,6 GB für Sie"
    assert wording.text.startswith("Guten Tag")
    assert "Beispielstraße 1" in wording.text
    assert tell(lines.Invitation(3600, 9)).subject is None


# --- Buttons --------------------------------------------------------------------------------------


def test_telegram_shows_what_a_line_offers_as_buttons() -> None:
    buttons = tell(lines.LeaveAsked(1800)).buttons

    assert [(b.label, b.intent) for b in buttons] == [
        ("Ja, aussteigen", Intent.LEAVE),
        ("Nein, dabeibleiben", Intent.DECLINE),
    ]


def test_buttons_speak_the_customers_language() -> None:
    labels = [button.label for button in tell(lines.Invitation(3600, 9), "en").buttons]

    assert labels == ["Yes, I'll join", "No, thanks", "Terms"]


def test_an_sms_has_no_buttons() -> None:
    assert wordbook().word(lines.LeaveAsked(1800), "de", Channel.SMS, NO_LINKS).buttons == ()


def test_no_two_buttons_of_a_line_look_alike() -> None:
    for line in EXTREMES:
        for language in ("de", "en"):
            labels = [button.label for button in tell(line, language).buttons]
            assert len(labels) == len(set(labels))


# --- Links ----------------------------------------------------------------------------------------


@dataclass
class CountingLinks:
    """Links that note each time one is made."""

    made: list[str] = field(default_factory=list)

    def _make(self, name: str) -> str:
        self.made.append(name)
        return f"https://x.example/{name}/{len(self.made)}"

    @property
    def telegram(self) -> str | None:
        return self._make("telegram")

    @property
    def page(self) -> str | None:
        return self._make("page")

    @property
    def film(self) -> str:
        return self._make("film")

    @property
    def app(self) -> str:
        return self._make("app")

    @property
    def portal(self) -> str:
        return self._make("portal")


def test_a_link_is_made_once_however_often_it_is_written(tmp_path: Path) -> None:
    macros = (
        "{% macro kept() %}{% if links.telegram %}{{ links.telegram }}{% endif %}{% endmacro %}"
    )
    links = CountingLinks()

    text = with_words(tmp_path, macros).word(lines.Kept(), "de", Channel.SMS, links).text

    assert text == "https://x.example/telegram/1"
    assert links.made == ["telegram"]


@pytest.mark.parametrize(
    ("step", "made"), [("registration", "page"), ("video", "film"), ("app", "app")]
)
def test_a_step_makes_its_own_link_and_no_other(step: str, made: str) -> None:
    links = CountingLinks()

    say(lines.NextStep(step, 600), "de", Channel.SMS, links)

    assert links.made == [made]


@LANGUAGES
def test_in_telegram_text_and_button_of_one_name_lead_to_one_place(language: str) -> None:
    for line in (*EXTREMES, lines.NextStep("registration", 600)):
        told = tell(line, language)
        named = {label.casefold(): url for url, label in LINK.findall(told.text)}
        for button in told.buttons:
            url = named.get(button.label.casefold())
            assert url is None or unescape(url) == button.url, (line, button)


@LANGUAGES
@pytest.mark.parametrize(
    ("line", "place"),
    [
        (lines.NextStep("video", 600), LONG_LINKS.film),
        (lines.NextStep("app", 600), LONG_LINKS.app),
        (lines.Enrolled(APRIL, "2027-01", ()), LONG_LINKS.page),
    ],
)
def test_in_telegram_film_app_and_page_open_by_a_button_with_the_personal_link(
    language: str, line: Line, place: str
) -> None:
    first, *others = tell(line, language).buttons

    assert (first.url, first.intent) == (place, None)
    assert all(button.url is None for button in others)


@LANGUAGES
@pytest.mark.parametrize(
    "line", [lines.Emergency(), lines.OptedOut(is_member=False), lines.NotInvited()]
)
def test_a_stranger_is_answered_without_any_link(language: str, line: Line) -> None:
    links = CountingLinks()

    assert say(line, language, Channel.SMS, links)
    assert links.made == []


# --- Languages and an operator's own words --------------------------------------------------------


def test_an_operator_may_say_a_line_in_other_words(tmp_path: Path) -> None:
    book = with_words(tmp_path, "{% macro kept() %}Alles bleibt.{% endmacro %}")

    assert book.word(lines.Kept(), "de", Channel.SMS, NO_LINKS).text == "Alles bleibt."
    assert book.word(lines.Kept(), "en", Channel.SMS, NO_LINKS).text == say(lines.Kept(), "en")
    assert book.word(lines.Reinstated(), "de", Channel.SMS, NO_LINKS).text == say(
        lines.Reinstated(), "de"
    )


def test_a_missing_line_is_said_in_the_first_language_and_logged_once(tmp_path: Path) -> None:
    messages = replace(TERMS.messages, languages=("de", "tr"))
    (tmp_path / "tr").mkdir()
    (tmp_path / "tr" / "wording.j2").write_text("{% macro kept() %}Tamam.{% endmacro %}")
    book = Wordbook.load(replace(TERMS, messages=messages), tmp_path)

    with structlog.testing.capture_logs() as logs:
        texts = [book.word(lines.Linked(), "tr", Channel.SMS, NO_LINKS).text for _ in range(3)]

    assert texts == [say(lines.Linked(), "de")] * 3
    assert [(log["language"], log["line"]) for log in logs] == [("tr", "linked")]
    assert book.word(lines.Kept(), "tr", Channel.SMS, NO_LINKS).text == "Tamam."


def test_dates_follow_the_locale_of_an_operators_own_language(tmp_path: Path) -> None:
    messages = replace(TERMS.messages, languages=("de", "fr"))
    (tmp_path / "fr").mkdir()
    macro = "{% macro objection_noted(about, answer_by) %}{{ answer_by | day }}{% endmacro %}"
    (tmp_path / "fr" / "wording.j2").write_text(macro)
    book = Wordbook.load(replace(TERMS, messages=messages), tmp_path)

    text = book.word(lines.ObjectionNoted(APRIL, APRIL), "fr", Channel.TELEGRAM, NO_LINKS).text

    assert text == "30 avril 2027"


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.TELEGRAM])
def test_an_operators_macros_may_leave_things_out_name_them_or_take_any_number(
    tmp_path: Path, channel: Channel
) -> None:
    macros = """
        {% macro _said(what, end="!") %}{{ what }}{{ end }}{% endmacro %}
        {% macro _all() %}{{ varargs | join("+") }}{% endmacro %}
        {% macro _framed() %}[{{ caller() }}]{% endmacro %}
        {% macro kept() %}{{ _said("a") }} {{ _said("b", "?") }} {{ _said("c", end=".") }}
        {{ _all(1, 2) }} {% call _framed() %}d & e{% endcall %}{% endmacro %}
    """
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "wording.j2").write_text(macros)

    text = Wordbook.load(TERMS, tmp_path).word(lines.Kept(), "de", channel, NO_LINKS).text

    assert text == "a! b? c. 1+2 [d & e]"


def test_a_customer_of_an_unknown_language_is_spoken_to_in_the_first() -> None:
    assert say(lines.Kept(), "xx") == say(lines.Kept(), "de")
    assert say(lines.Kept(), "en-US") == say(lines.Kept(), "en")


def test_a_language_without_any_words_is_refused_at_once() -> None:
    messages = replace(TERMS.messages, languages=("de", "xx"))

    with pytest.raises(Unspoken, match="'xx'"):
        Wordbook.load(replace(TERMS, messages=messages))


def test_an_operators_slip_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(TemplateSyntaxError) as raised:
        with_words(tmp_path, "{% macro kept() %}\nGut{% endmacr %}")

    assert (raised.value.filename, raised.value.lineno) == ("de/wording.j2", 2)


def test_a_line_without_words_in_any_language_is_an_error() -> None:
    class Unheard(Line):
        """A line that nobody has worded."""

    with pytest.raises(Unworded, match="unheard"):
        wordbook().word(Unheard(), "de", Channel.SMS, NO_LINKS)


def test_a_macro_is_named_after_its_line() -> None:
    assert name_of(lines.PutOnWaitingList) == "put_on_waiting_list"
    assert name_of(lines.Help) == "help"


def test_every_line_is_among_the_samples() -> None:
    assert {type(line) for line in EXTREMES} == set(every_line())
