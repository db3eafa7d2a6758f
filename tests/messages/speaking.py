"""Whoever speaks in these tests: the sample campaign, its wordbook, and an operator's own words."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from flows.campaign import Campaign, Operator, Steps
from flows.customer import Channel
from flows.lines import Line
from messages.samples import LONG_LINKS
from messages.wording import Links, Wordbook, Wording

TERMS = Campaign(
    name="online-statt-hotline",
    version="2027-01",
    operator=Operator(
        brand="Nordlicht Mobil",
        hotline="030 23125 100",
        portal_url="https://portal.nordlicht.example",
        film_url="https://portal.nordlicht.example/rechnung-erklaert",
        app_url="https://app.nordlicht.example",
        terms_url="https://www.nordlicht.example/online-statt-hotline",
        imprint="Nordlicht Mobil GmbH, Beispielstraße 1, 10115 Berlin",
    ),
    steps=Steps({"registration": 600, "video": 600, "app": 600, "streak": 1800}),
)


@cache
def wordbook() -> Wordbook:
    """Give the shipped wording, read once."""
    return Wordbook.load(TERMS)


def say(
    line: Line, language: str = "de", channel: Channel = Channel.SMS, links: Links = LONG_LINKS
) -> str:
    """Word a line as it is shipped."""
    return wordbook().word(line, language, channel, links).text


def tell(line: Line, language: str = "de") -> Wording:
    """Word a line for Telegram, buttons included."""
    return wordbook().word(line, language, Channel.TELEGRAM, LONG_LINKS)


def with_words(folder: Path, macros: str, language: str = "de", **operator: str) -> Wordbook:
    """Read the shipped wording with some macros of an operator's own on top."""
    (folder / language).mkdir(parents=True, exist_ok=True)
    (folder / language / "wording.j2").write_text(macros, "utf-8")
    terms = replace(TERMS, operator=replace(TERMS.operator, **operator))
    return Wordbook.load(terms, folder)
