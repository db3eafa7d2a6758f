"""What goes with a text: a milestone's picture, uploaded once for everybody, and documents."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from bot.channels.channel import Accepted, Choice, Document, Message, NotSent, Refused, Unknown
from bot.channels.telegram_uploads import LONGEST_CAPTION, Gallery
from flows.customer import Address
from flows.intent import Intent
from messages.cards import Card
from storage.errors import StorageError
from tests.bot.channels.telegram_stage import BABAK, CAROL, Stage, staged
from tests.cast import BABAKS_TELEGRAM
from tests.fakes.telegram_troubles import Misbehaviour, Trouble

pytestmark = pytest.mark.anyio

THREE = Card("Nordlicht Mobil", "Geschafft!", "3 von 9 Monaten", "Im Ziel warten 1,8 GB", 3, 9)
SIX = replace(THREE, headline="6 von 9 Monaten", done=6)
CAROLS = Address(f"telegram:{CAROL}")
STATUS = Choice("Mein Stand", Intent.STATUS)


@dataclass(slots=True)
class Drawer:
    """Remembers what it keeps and what it has drawn."""

    edition: str = "1"
    kept: dict[str, str] = field(default_factory=dict)
    drawn: list[Card] = field(default_factory=list)
    can_draw: bool = True
    is_storing: bool = True
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    is_drawing: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_go_on.set()

    async def get(self, name: str) -> str | None:
        if not self.is_storing:
            raise StorageError
        return self.kept.get(name)

    async def put(self, name: str, value: str) -> None:
        if not self.is_storing:
            raise StorageError
        self.kept[name] = value

    async def paint(self, card: Card) -> bytes | None:
        self.drawn.append(card)
        self.is_drawing.set()
        await self.may_go_on.wait()
        await asyncio.sleep(0.001)
        return f"PNG of {card.headline}".encode() if self.can_draw else None


@pytest.fixture
def drawer() -> Drawer:
    return Drawer()


@pytest.fixture
async def stage(drawer: Drawer) -> AsyncIterator[Stage]:
    async with staged(gallery=Gallery(drawer, drawer)) as stage:
        yield stage


# --- Pictures -----------------------------------------------------------------------------------


async def test_a_milestone_is_a_picture_with_the_whole_text_and_its_buttons(stage: Stage) -> None:
    outcome = await stage.send(Message("<b>3 von 9</b> geschafft.", (STATUS,), card=THREE))

    assert outcome == Accepted(f"{BABAK}:1")
    [shown] = stage.fake.sent
    assert (shown.text, shown.labels) == ("<b>3 von 9</b> geschafft.", ("Mein Stand",))
    assert stage.fake.files.uploads == [b"PNG of 3 von 9 Monaten"]


async def test_a_picture_is_drawn_and_uploaded_once_however_many_get_it(
    stage: Stage, drawer: Drawer
) -> None:
    message = Message("3 von 9", card=THREE)

    at_once = [stage.send(message, Address(f"telegram:{n}"), f"t{n}") for n in range(1, 21)]
    outcomes = await asyncio.gather(*at_once)
    later = await stage.send(message, CAROLS, "later")

    assert all(isinstance(outcome, Accepted) for outcome in (*outcomes, later))
    assert drawer.drawn == [THREE]
    assert len(stage.fake.files.uploads) == 1
    assert len({shown.file for shown in stage.fake.sent}) == 1


async def test_each_card_and_each_edition_is_a_picture_of_its_own(
    stage: Stage, drawer: Drawer
) -> None:
    await stage.send(Message("three", card=THREE))
    await stage.send(Message("six", card=SIX))
    drawer.edition = "2"
    await stage.send(Message("three", card=THREE))

    assert drawer.drawn == [THREE, SIX, THREE]


async def test_a_picture_is_known_after_a_restart_and_to_one_bot_only(drawer: Drawer) -> None:
    gallery = Gallery(drawer, drawer)
    async with staged(gallery=gallery) as stage:
        await stage.send(Message("3 von 9", card=THREE))
        async with staged(gallery=gallery, fake=stage.fake) as again:
            await again.send(Message("3 von 9", card=THREE))
        stage.fake.token = "4712:other"  # noqa: S105 - of the fake
        async with staged(gallery=gallery, fake=stage.fake) as other:
            await other.send(Message("3 von 9", card=THREE))

        assert len(stage.fake.files.uploads) == 2
    assert len(drawer.kept) == 2


async def test_an_id_that_telegram_has_forgotten_is_uploaded_anew(
    stage: Stage, drawer: Drawer
) -> None:
    await stage.send(Message("3 von 9", card=THREE))
    stage.fake.files.contents.clear()

    outcome = await stage.send(Message("3 von 9", card=THREE), CAROLS, "t2")

    assert isinstance(outcome, Accepted)
    assert len(stage.fake.files.uploads) == 2
    assert len(stage.fake.sent) == 2


@pytest.mark.parametrize("reason", ["not drawn", "no database", "too long", "refused"])
async def test_without_its_picture_the_text_goes_alone(
    stage: Stage, drawer: Drawer, reason: str
) -> None:
    text = "a" * (LONGEST_CAPTION + 1) if reason == "too long" else "3 von 9"
    drawer.can_draw = reason != "not drawn"
    drawer.is_storing = reason != "no database"
    if reason == "refused":
        why = "Bad Request: PHOTO_INVALID_DIMENSIONS"
        stage.fake.misbehave(Misbehaviour(Trouble.REFUSE, "sendphoto", description=why))

    outcome = await stage.send(Message(text, (STATUS,), card=THREE))

    assert isinstance(outcome, Accepted)
    [shown] = stage.fake.sent
    assert (shown.text, shown.labels) == (text, ("Mein Stand",))


async def test_after_a_drawing_that_failed_texts_go_alone_for_a_minute(
    stage: Stage, drawer: Drawer
) -> None:
    drawer.can_draw = False
    await stage.send(Message("3 von 9", card=THREE))
    drawer.can_draw = True

    await stage.send(Message("3 von 9", card=THREE), CAROLS, "t2")
    assert len(drawer.drawn) == 1

    stage.clock.seconds += 61
    await stage.send(Message("3 von 9", card=THREE), Address("telegram:5"), "t3")
    assert [shown.file is not None for shown in stage.fake.sent] == [False, False, True]


async def test_a_text_does_not_wait_for_long_until_somebody_else_has_drawn(drawer: Drawer) -> None:
    drawer.may_go_on.clear()
    async with staged(gallery=Gallery(drawer, drawer, patience_s=0.01)) as stage:
        first = asyncio.create_task(stage.send(Message("3 von 9", card=THREE)))
        await drawer.is_drawing.wait()

        second = await stage.send(Message("3 von 9", card=THREE), CAROLS, "t2")

        assert isinstance(second, Accepted)
        assert [shown.file for shown in stage.fake.sent] == [None]
        drawer.may_go_on.set()
        assert isinstance(await first, Accepted)


async def test_a_picture_whose_upload_got_no_answer_is_not_sent_again(stage: Stage) -> None:
    stage.fake.misbehave(Misbehaviour(Trouble.DROP, "sendphoto"))

    outcome = await stage.send(Message("3 von 9", card=THREE))

    assert isinstance(outcome, Unknown)
    assert len(stage.fake.sent) == 1


async def test_a_flood_wait_draws_nothing_twice_and_says_who_waits(
    stage: Stage, drawer: Drawer
) -> None:
    stage.fake.flood(7, BABAK)

    first = await stage.send(Message("3 von 9", card=THREE))
    second = await stage.send(Message("3 von 9", card=THREE), tag="t2")

    assert isinstance(first, NotSent)
    assert isinstance(second, NotSent)
    assert drawer.drawn == [THREE]
    assert stage.fake.waits.early_calls == 0


async def test_a_tap_below_a_picture_is_answered_by_a_message_of_its_own(stage: Stage) -> None:
    sent = await stage.send(Message("3 von 9", (STATUS,), card=THREE))
    assert isinstance(sent, Accepted)
    stage.fake.tap(BABAK, "Mein Stand")

    outcome = await stage.send(Message("Ihr Stand", replaces=sent.ref, callback="tap1"), tag="t2")

    assert outcome == Accepted(f"{BABAK}:2")
    assert [shown.text for shown in stage.fake.sent] == ["3 von 9", "Ihr Stand"]


async def test_an_answer_in_place_of_a_tapped_message_needs_no_picture(
    stage: Stage, drawer: Drawer
) -> None:
    await stage.send(Message("Weiter?", (STATUS,)))

    await stage.send(Message("3 von 9", replaces=f"{BABAK}:1", card=THREE), tag="t2")

    assert [shown.text for shown in stage.fake.sent] == ["3 von 9"]
    assert drawer.drawn == []


# --- Documents ----------------------------------------------------------------------------------


async def test_a_document_goes_with_its_caption_and_its_name(stage: Stage) -> None:
    report = Document("report.csv", b"id;reason\n")

    outcome = await stage.send(Message("3 failed", (STATUS,), document=report))

    assert outcome == Accepted(f"{BABAK}:1")
    assert stage.fake.sent[0].text == "3 failed"
    assert stage.fake.files.uploads == [b"id;reason\n"]


async def test_a_long_text_goes_before_its_document(stage: Stage) -> None:
    text = "long " * LONGEST_CAPTION

    outcome = await stage.send(Message(text, (STATUS,), document=Document("r.csv", b"x")))

    assert isinstance(outcome, Accepted)
    assert "".join(shown.text for shown in stage.fake.sent).count("long") == LONGEST_CAPTION
    assert stage.fake.sent[-1].file is not None


async def test_a_document_to_somebody_who_blocked_us_is_refused(stage: Stage) -> None:
    stage.fake.block(BABAK)

    outcome = await stage.send(Message("r", document=Document("r.csv", b"x")), BABAKS_TELEGRAM)

    assert isinstance(outcome, Refused)


@pytest.mark.parametrize(
    ("name", "method"), [("funnel.png", "sendphoto"), ("report.csv", "senddocument")]
)
async def test_a_picture_is_shown_and_any_other_file_is_attached(
    stage: Stage, name: str, method: str
) -> None:
    outcome = await stage.send(Message("34 invited", document=Document(name, b"bytes")))

    assert isinstance(outcome, Accepted)
    assert stage.fake.calls[-1][0] == method
