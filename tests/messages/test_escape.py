"""What people and operators write is shown in Telegram as it is, whatever characters it has."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram_text import plain, split
from flows import lines
from flows.customer import Channel
from messages.rules import JUDGES, Rendering, Rule, Tone
from tests.messages.speaking import TERMS, tell

# Every plane of Unicode, and more of what HTML would take for its own than chance would bring.
ANY = st.text(st.characters(codec="utf-8") | st.sampled_from("<>&\"'/=;#b💥\N{ZERO WIDTH JOINER}"))


class Reader(HTMLParser):
    """Reads as a client does: the characters that are shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown = ""

    def handle_data(self, data: str) -> None:
        self.shown += data


def read(html: str) -> str:
    """Give what a client shows of a text."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    return words(reader.shown)


def words(text: str) -> str:
    """Leave out how a text is laid out: ¶ ends a line in our wording."""
    return " ".join(text.replace("¶", " ").split())


@given(ANY)
def test_any_fact_is_shown_as_it_was_written(text: str) -> None:
    line = lines.NextStep(text, 600)

    wording = tell(line, "en")

    assert words(text) in read(wording.text)
    assert words(plain(wording.text)) == read(wording.text)
    rendering = Rendering(line, "en", Channel.TELEGRAM, wording)
    assert JUDGES[Rule.MARKED_UP](rendering, TERMS, Tone()) is None


@given(ANY, st.integers(20, 300))
def test_any_fact_survives_being_cut(text: str, limit: int) -> None:
    html = tell(lines.NextStep(text * 9, 600), "en").text

    parts = split(html, limit)

    assert "".join(read(part) for part in parts).replace(" ", "") == read(html).replace(" ", "")
