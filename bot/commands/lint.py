"""`lint`: what is amiss with the wording, and what each line takes as an SMS at its longest."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.campaigns import load_campaign, load_topics
from bot.commands.showing import as_json, facts, table
from flows.campaign import Campaign
from flows.customer import Channel
from messages.lint import lint as find_faults
from messages.lint import render
from messages.rules import Fault, Rendering
from messages.segments import Segments, cost_cents, count
from messages.wording import Wordbook


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """One line in one language with the longest facts, as an SMS; the price is in cents."""

    language: str
    line: str
    text: str
    length: Segments
    cost_cents: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What a campaign's wording holds."""

    faults: tuple[Fault, ...]
    lines: tuple[SpokenLine, ...]

    @property
    def is_ok(self) -> bool:
        """Tell whether everything may go out."""
        return not self.faults


def lint(file: Path | None) -> Findings:
    """Read a campaign's wording; raises UnusableCampaignError or WordingError."""
    campaign = load_campaign(file)
    topics = load_topics(campaign)
    wordbook = Wordbook.load(campaign, topics=topics)
    faults = find_faults(campaign, wordbook, topics)
    mute = {(fault.language, fault.line) for fault in faults if fault.channel is None}
    lines = tuple(
        line
        for language in wordbook.languages
        for line in _lines(campaign, wordbook, language, mute)
    )
    return Findings(faults, lines)


def _lines(
    campaign: Campaign, wordbook: Wordbook, language: str, mute: set[tuple[str, str]]
) -> Iterator[SpokenLine]:
    """Measure every line of a language; of several renderings the longest counts."""
    longest: dict[str, tuple[Segments, str]] = {}
    skip = {line for of, line in mute if of == language}
    for rendering in render(wordbook, language, skip):
        if isinstance(rendering, Rendering) and rendering.channel is Channel.SMS:
            text = rendering.wording.text
            measured = (count(text), text)
            known = longest.setdefault(rendering.name, measured)
            longest[rendering.name] = max(known, measured, key=_price)
    cents = campaign.messages.sms_cents_per_segment
    for name, (length, text) in longest.items():
        yield SpokenLine(language, name, text, length, cost_cents(text, cents))


def _price(measured: tuple[Segments, str]) -> tuple[int, int]:
    return measured[0].segments, measured[0].units


def show_json(findings: Findings) -> None:
    """Write the findings for programs (design 1.10)."""
    as_json(
        {
            "ok": findings.is_ok,
            "faults": [
                {
                    "rule": fault.rule.value,
                    "language": fault.language,
                    "line": fault.line,
                    "channel": fault.channel.value if fault.channel else None,
                    "what": fault.detail,
                }
                for fault in findings.faults
            ],
            "lines": [
                {
                    "language": line.language,
                    "line": line.line,
                    "encoding": line.length.encoding.value,
                    "segments": line.length.segments,
                    "units": line.length.units,
                    "cost_cents": line.cost_cents,
                    "text": line.text,
                }
                for line in findings.lines
            ],
        }
    )


def show(findings: Findings) -> None:
    """Write the findings for people: what is amiss first."""
    said = f"{len(findings.lines)} texts" if findings.is_ok else f"{len(findings.faults)} faults"
    facts("Nothing is amiss." if findings.is_ok else "Something is amiss.", [("found", said)])
    table(("rule", "what"), [(fault.rule.value, str(fault)) for fault in findings.faults])
    rows = [
        (
            line.language,
            line.line,
            line.length.encoding.value,
            str(line.length.segments),
            str(line.length.units),
            f"{line.cost_cents / 100:.3f} EUR",
        )
        for line in findings.lines
    ]
    table(("language", "line", "encoding", "segments", "units", "price"), rows)
