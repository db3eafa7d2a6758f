"""What each scene tells in one language: the words and amounts that all forms of the film share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from messages.film.figures import day, money, span
from messages.film.invoice import Invoice, Item, Part
from messages.film.storyboard import Kind, Scene, Speaker, Storyboard, scenes_of, timed
from messages.film.texts import Texts, languages, texts_of

_SENTENCE_MS, _CHARACTER_MS = 600, 52  # to read a caption: to find it, and each character
_SHORTEST_SCENE_MS = 3_600

_TOTALS = (Kind.TOTAL, Kind.TOTAL_ALONE, Kind.CREDIT, Kind.NOTHING)
_COMPARISONS = (Kind.MORE, Kind.LESS, Kind.SAME)
_PARTS = {Kind.BASE: Part.BASE, Kind.EXTRA: Part.EXTRA, Kind.DISCOUNT: Part.DISCOUNT}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: a name, and an amount if it has one."""

    name: str
    amount: str = ""

    @property
    def sentence(self) -> str:
        """Say it in a caption."""
        return f"{self.name}: {self.amount}" if self.amount else self.name


@dataclass(frozen=True, slots=True)
class Cue:
    """One sentence, and from when to when it is shown as a caption."""

    from_ms: int
    until_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """An amount to be compared with another, as a picture."""

    name: str
    amount: str
    cents: int


@dataclass(frozen=True, slots=True)
class Telling:
    """A scene in words: what stands in the picture, and what is said beside it."""

    scene: Scene
    above: str
    heading: str
    said: tuple[str, ...]
    figure: str = ""
    note: str = ""
    rows: tuple[Row, ...] = ()
    bars: tuple[Bar, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Give everything that captions say, in order."""
        return (*self.said, *(row.sentence for row in self.rows if row.amount))

    @property
    def cues(self) -> tuple[Cue, ...]:
        """Share the scene's time among its sentences, by what each takes to read."""
        scene, weights = self.scene, [_reading_ms(sentence) for sentence in self.sentences]
        length, total = scene.until_ms - scene.from_ms, sum(weights)
        ends = [scene.from_ms + done * length // total for done in accumulate(weights)]
        spans = zip([scene.from_ms, *ends[:-1]], ends, self.sentences, strict=True)
        return tuple(Cue(*span) for span in spans)


def storyboard(invoice: Invoice, speaker: Speaker) -> Storyboard:
    """Make the storyboard of an invoice, long enough to be read in every language."""
    scenes = scenes_of(invoice)
    needed = [max(_scene_ms(s, invoice, speaker, at) for at in languages()) for s in scenes]
    return Storyboard(speaker, invoice, timed(scenes, needed))


def tell(board: Storyboard, language: str) -> tuple[Telling, ...]:
    """Tell a storyboard in one language."""
    return tuple(_told(scene, board.invoice, board.speaker, language) for scene in board.scenes)


def _scene_ms(scene: Scene, invoice: Invoice, speaker: Speaker, language: str) -> int:
    sentences = _told(scene, invoice, speaker, language).sentences
    return max(sum(map(_reading_ms, sentences)), _SHORTEST_SCENE_MS)


def _reading_ms(sentence: str) -> int:
    return _SENTENCE_MS + _CHARACTER_MS * len(sentence)


def _told(scene: Scene, invoice: Invoice, speaker: Speaker, language: str) -> Telling:
    texts = texts_of(language)
    words = texts.scenes[scene.kind]
    facts = _facts(scene, invoice, speaker, language)
    return Telling(
        scene=scene,
        above=words.above.format_map(facts),
        heading=words.heading.format_map(facts),
        said=tuple(sentence.format_map(facts) for sentence in words.said),
        figure=_figure(scene, facts),
        note=_note(scene, invoice, texts, facts),
        rows=tuple(_rows(scene, invoice, texts, facts, language)),
        bars=tuple(_bars(scene, invoice, texts, facts)),
    )


def _facts(scene: Scene, invoice: Invoice, speaker: Speaker, language: str) -> Mapping[str, str]:
    """Write every fact that words may name."""
    previous = invoice.previous_cents or 0

    def written(cents: int) -> str:
        return money(cents, invoice.currency, language)

    return {
        "brand": speaker.brand,
        "hotline": speaker.hotline,
        "portal": _bare(speaker.portal),
        "billed_on": day(invoice.billed_on, language),
        "due_on": day(invoice.due_on, language) if invoice.due_on else "",
        "total": written(invoice.cents),
        "previous": written(previous),
        "difference": written(abs(invoice.cents - previous)),
        "sum": written(scene.cents),
    }


def _bare(url: str) -> str:
    """Write an address as people do: without its scheme."""
    return url.split("://", 1)[-1].rstrip("/")


def _figure(scene: Scene, facts: Mapping[str, str]) -> str:
    if scene.kind in _TOTALS:
        return facts["total"]
    return facts["due_on"] if scene.kind is Kind.DUE else ""


def _note(scene: Scene, invoice: Invoice, texts: Texts, facts: Mapping[str, str]) -> str:
    """Give the small print of a picture."""
    match scene.kind:
        case Kind.OPENING_SAMPLE:
            return texts.labels["sample"]
        case Kind.OPENING:
            return texts.labels["invoice"].format_map(facts)
        case Kind.DUE:
            return facts["total"]
        case _ if scene.kind in _TOTALS and invoice.is_sample:
            return texts.labels["sample"]
        case _:
            return ""


def _rows(
    scene: Scene, invoice: Invoice, texts: Texts, facts: Mapping[str, str], language: str
) -> Iterator[Row]:
    labels = texts.labels
    if scene.kind is Kind.PARTS:
        yield from (Row(labels[part.value]) for part in Part)
    if scene.kind is Kind.CLOSING:
        yield from (Row(facts["portal"]), Row(facts["hotline"]))
    if scene.kind in _TOTALS and invoice.starts_on and invoice.ends_on:
        yield Row(labels["period"], span(invoice.starts_on, invoice.ends_on, language))
    for item in scene.items:
        yield Row(_name(item, texts, invoice), money(item.cents, invoice.currency, language))
    if scene.rest is not None:
        name = texts.more.of(scene.rest.count)
        yield Row(name, money(scene.rest.cents, invoice.currency, language))


def _name(item: Item, texts: Texts, invoice: Invoice) -> str:
    name = texts.sample.get(item.name, item.name) if invoice.is_sample else item.name
    name = name or texts.other
    return texts.times.format(name=name, count=item.count) if item.count > 1 else name


def _bars(scene: Scene, invoice: Invoice, texts: Texts, facts: Mapping[str, str]) -> Iterator[Bar]:
    if scene.kind in _COMPARISONS and invoice.previous_cents is not None:
        yield Bar(texts.labels["before"], facts["previous"], invoice.previous_cents)
        yield Bar(texts.labels["now"], facts["total"], invoice.cents)
