"""The sandbox' doors, over HTTP against the real core."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from itertools import count
from typing import cast

import httpx
import pytest

from bot import stories
from bot.channels.channel import Choice, Inbound, Message, Parcel
from bot.channels.simulator import Simulator
from bot.channels.simulator_phones import chat_of
from flows.customer import Address, Channel
from flows.intent import Intent
from messages.cards import Card
from messages.pictures import draw
from tests.cast import ALICE, BABAK, HEDY, NOON
from tests.fakes.sandbox import Sandbox, open_sandbox

pytestmark = pytest.mark.anyio

ALICES, BABAKS = ALICE.contacts[0].address, BABAK.contacts[0].address
Json = Mapping[str, object]


class Doors:
    """The doors as a program calls them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        transport = httpx.ASGITransport(sandbox.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    async def close(self) -> None:
        await self.client.aclose()
        self.sandbox.house.phones.screens.close()

    async def get(self, path: str) -> list[Json]:
        answer = await self.client.get(f"/simulator/{path}")
        assert answer.status_code == 200, answer.text
        return cast(list[Json], answer.json())

    async def post(self, path: str, **body: object) -> dict[str, object]:
        answer = await self.client.post(f"/simulator/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return cast(dict[str, object], answer.json())

    async def sms(self, text: str, phone: str = ALICES.value) -> str:
        await self.post("sms", **{"from": phone, "text": text})
        return await self.last(phone)

    async def telegram(self, phone: str = ALICES.value, **what: str) -> str:
        await self.post("telegram", **{"from": phone}, **what)
        return await self.last(phone)

    async def event(self, kind: str, **data: object) -> dict[str, object]:
        return await self.post("events", type=kind, customer=ALICE.number, data=data)

    async def texts(self, phone: str = ALICES.value) -> list[str]:
        return [str(m["text"]) for m in await self.get(f"phones/{phone}")]

    async def last(self, phone: str = ALICES.value) -> str:
        return (await self.texts(phone))[-1]


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    sandbox = open_sandbox(lambda: NOON)
    await sandbox.house.invite()
    opened = Doors(sandbox)
    yield opened
    await opened.close()


# --- Customers, phones and what people say


async def test_every_customer_is_listed_with_exactly_what_the_contract_names(doors: Doors) -> None:
    people = await doors.get("customers")

    assert people[0] == {
        "customer": "100001",
        "phone": "+491713920011",
        "language": "en",
        "state": "invited",
        "step": "registration",
        "flags": [],
    }
    assert [person["state"] for person in people] == ["invited", "invited", "held_out"]


async def test_an_answer_is_on_the_phone_when_the_post_returns(doors: Doors) -> None:
    assert "ConsentAsked" in await doors.sms("JOIN")


@pytest.mark.parametrize("spelling", ["+491713920011", "0171 3920011", "0049 171-3920011"])
async def test_a_phone_is_found_by_any_usual_spelling(doors: Doors, spelling: str) -> None:
    message = (await doors.get(f"phones/{spelling}"))[0]

    assert message["channel"] == "sms"
    assert message["direction"] == "out"
    assert message["buttons"] == []
    assert "Invitation" in str(message["text"])
    assert str(message["at"]).startswith("2026-12-01T11:00:00")


async def test_the_link_of_an_sms_continues_in_telegram_with_buttons(doors: Doors) -> None:
    link = (await doors.last()).split()[-1]

    await doors.telegram(text=link)

    _, typed, *greeting = await doors.get(f"phones/{ALICES.value}")
    assert typed["text"] == f"/start code-{ALICE.number}"
    assert {typed["channel"], *(m["channel"] for m in greeting)} == {"telegram"}
    assert "Join" in cast(list[str], greeting[-1]["buttons"])


async def test_a_tap_changes_its_message_in_place_and_stands_above_it(doors: Doors) -> None:
    await doors.telegram(text=f"/start code-{ALICE.number}")
    before = await doors.get(f"phones/{ALICES.value}")

    await doors.telegram(button="join")

    after = await doors.get(f"phones/{ALICES.value}")
    assert len(after) == len(before) + 1
    assert (after[-2]["text"], after[-2]["is_tap"]) == ("Join", True)
    assert after[-1]["id"] == before[-1]["id"]
    assert after[-1]["is_edited"]
    assert str(after[-1]["text"]).startswith("ConsentAsked\n")


async def test_a_label_means_the_newest_button_that_bears_it(doors: Doors) -> None:
    house, chat = doors.sandbox.house, chat_of(BABAKS)
    sender = Simulator(Channel.TELEGRAM, house.phones, house.clock)
    for tag, intent in (("old", Intent.HELP), ("new", Intent.STATUS)):
        message = Message(tag, (Choice("Press", intent),))
        await sender.send(Parcel(chat, message, tag))

    inbound = house.phones.tap(chat, "Press", NOON)

    assert getattr(inbound, "intent", None) is Intent.STATUS


async def test_a_button_with_a_link_opens_it_and_tells_the_bot_nothing(doors: Doors) -> None:
    house = doors.sandbox.house
    sender = Simulator(Channel.TELEGRAM, house.phones, house.clock)
    message = Message("Film", (Choice("Watch", url="https://nordlicht.example/film"),))
    await sender.send(Parcel(chat_of(ALICES), message, "tag"))
    before = len(house.members[ALICE.number].why)

    opened = await doors.post("telegram", **{"from": ALICES.value, "button": "Watch"})

    assert opened["opened"] == "https://nordlicht.example/film"
    assert len(house.members[ALICE.number].why) == before


async def test_sharing_the_contact_proves_the_phones_own_number(doors: Doors) -> None:
    house, chat = doors.sandbox.house, chat_of(ALICES)
    sender = Simulator(Channel.TELEGRAM, house.phones, house.clock)
    asked = Message("Who are you?", (Choice("Share my number"),), asks_contact=True)
    await sender.send(Parcel(chat, asked, "tag"))

    inbound = house.phones.tap(chat, "Share my number", NOON, ALICES)

    assert getattr(inbound, "proven_phone", None) == ALICES


async def test_a_message_handed_over_twice_is_shown_once_and_can_be_looked_up(
    doors: Doors,
) -> None:
    house = doors.sandbox.house
    sender = Simulator(Channel.SMS, house.phones, house.clock)
    parcel = Parcel(Address("tel:+491713920055"), Message("Once"), "tag")

    first, second = await sender.send(parcel), await sender.send(parcel)

    assert first == second == await sender.look_up(parcel, NOON)
    assert await doors.texts("+491713920055") == ["Once"]


async def test_markup_of_telegram_is_no_part_of_the_text(doors: Doors) -> None:
    await doors.telegram(text=f"/start code-{ALICE.number}")

    message = (await doors.get(f"phones/{ALICES.value}"))[-1]

    assert "<b>" not in str(message["text"])
    assert str(message["markup"]).startswith("<b>")


async def test_the_screens_outlive_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = str(tmp_path_factory.mktemp("sandbox") / "phones.db")
    first = open_sandbox(lambda: NOON, path)
    await first.house.invite()
    first.house.phones.screens.close()

    second = open_sandbox(lambda: NOON, path)

    assert len(second.house.phones.screen(ALICES)) == 1
    second.house.phones.screens.close()


# --- The operator and the clock


async def test_the_whole_programme_can_be_played_through_the_doors(doors: Doors) -> None:
    await doors.sms("JOIN")
    await doors.sms("JOIN")
    for kind in ("portal.registered", "video.watched", "app.installed"):
        assert (await doors.event(kind))["result"] == "applied"
    await doors.post("clock", advance="PT5M")
    for _ in range(9):
        await doors.event("portal.activity")
        await doors.post("clock", advance="P1M")
    await doors.post("clock", advance="P10D")

    said = [text.split()[0] for text in await doors.texts()]
    assert said.count("Credited") == 3
    assert said.count("MonthDone") + said.count("LastMonthDone") == 9
    assert said.count("GoalReached") == 1
    assert (await doors.get("customers"))[0]["state"] == "done"


async def test_an_event_given_twice_under_one_id_is_a_repeat_however_late() -> None:
    ticks = count()
    sandbox = open_sandbox(lambda: NOON + timedelta(seconds=next(ticks)))
    doors = Doors(sandbox)
    call = {"type": "hotline.called", "customer": ALICE.number, "data": {}, "id": "E1"}

    first, second = await doors.post("events", **call), await doors.post("events", **call)
    other = await doors.post("events", **call | {"data": {"reason_code": "fault"}})

    assert first["result"] != "repeat"
    assert second["result"] == "repeat"
    assert other["result"] == "conflict"
    await doors.close()


async def test_a_call_needs_nothing_but_its_customer(doors: Doors) -> None:
    await doors.sms("JOIN")
    await doors.sms("JOIN")

    await doors.event("hotline.called", reason_code="fault")

    call = doors.sandbox.house.members[ALICE.number].journey.calls[0]
    assert (call.at, call.duration_s, call.reason) == (NOON, 180, "fault")


async def test_an_event_may_have_happened_earlier(doors: Doors) -> None:
    body = {"type": "hotline.called", "customer": ALICE.number, "data": {}}

    await doors.post("events", **body, time="2026-11-30T09:00:00+01:00")

    report = next(iter(doors.sandbox.house.reports.values()))
    assert report.at == NOON - timedelta(days=1, hours=3)
    assert report.data["start"] == "2026-11-30T09:00:00+01:00"


async def test_the_clock_tells_the_time_and_the_next_due_thing(doors: Doors) -> None:
    moved = await doors.post("clock", advance="P1D")
    clock = await doors.client.get("/simulator/clock")

    assert moved["now"] == clock.json()["now"] == "2026-12-02T11:00:00Z"
    assert clock.json()["next"] > clock.json()["now"]
    assert clock.json()["is_moving"] is False


async def test_a_move_without_feeds_reports_none(doors: Doors) -> None:
    await doors.post("clock", advance="P1M", feeds=False)
    assert doors.sandbox.reported == []

    await doors.post("clock", advance="P1D")
    assert doors.sandbox.reported


async def test_the_standing_of_a_customer_comes_with_its_reasons(doors: Doors) -> None:
    await doors.sms("JOIN")
    answer = await doors.client.get(f"/simulator/customers/{ALICE.number}")

    standing = answer.json()
    assert standing["state"] == "asked"
    assert standing["streak"] == {"months": 9, "done": 0, "start": None, "end": None}
    assert standing["rewards"][-1] == ["streak", 1800]
    assert {"at", "event", "id", "effect"} == set(standing["why"][0])


# --- Managers


async def test_managers_are_listed_and_heard(doors: Doors) -> None:
    await doors.post("manager", **{"from": 9001, "text": "/help"})
    await doors.post("manager", **{"from": "Otto", "document": "customer;phone\n1;2"})

    mona, otto = await doors.get("managers")
    assert (mona["id"], mona["name"], mona["role"]) == (9001, "Mona", "manager")
    assert otto["role"] == "approver"
    assert [m["text"] for m in cast(list[Json], mona["messages"])] == ["/help"]
    inbound, document = doors.sandbox.office.said[-1]
    assert inbound.address == Address("telegram:9002")
    assert document is not None
    assert document.text == "customer;phone\n1;2"


# --- Wrong input


WRONG: list[tuple[str, str, bytes]] = [
    ("no JSON", "sms", b"{"),
    ("no object", "sms", b"[]"),
    ("not UTF-8", "sms", b'{"from":"+491713920011","text":"\xff"}'),
    ("nested without end", "events", b'{"data":' + b"[" * 100_000),
    ("no sender", "sms", b'{"text":"JOIN"}'),
    ("no number", "sms", b'{"from":"Alice","text":"JOIN"}'),
    ("a foreign field", "sms", b'{"from":"+491713920011","text":"JOIN","to":1}'),
    ("an empty text", "sms", b'{"from":"+491713920011","text":""}'),
    ("text and button", "telegram", b'{"from":"+491713920011","text":"a","button":"b"}'),
    ("neither text nor button", "telegram", b'{"from":"+491713920011"}'),
    ("no such button", "telegram", b'{"from":"+491713920011","button":"Nowhere"}'),
    ("an unknown event", "events", b'{"type":"hotline.rang","customer":"100001"}'),
    ("nobody's event", "events", b'{"type":"hotline.called"}'),
    ("somebody's feed", "events", b'{"type":"feed.watermark","customer":"100001"}'),
    (
        "a time without zone",
        "events",
        b'{"type":"hotline.called","customer":"1","time":"2026-12-01"}',
    ),
    ("no length of time", "clock", b'{"advance":"a month"}'),
    ("a length that goes back", "clock", b'{"advance":"-P1M"}'),
    ("too far", "clock", b'{"advance":"P100Y"}'),
    ("feeds that are no yes or no", "clock", b'{"advance":"P1D","feeds":"no"}'),
    ("an unknown manager", "manager", b'{"from":"Alice","text":"/help"}'),
    ("a manager who says nothing", "manager", b'{"from":9001}'),
]


@pytest.mark.parametrize(("what", "path", "body"), WRONG, ids=[row[0] for row in WRONG])
async def test_wrong_input_is_answered_by_one_sentence(
    doors: Doors, what: str, path: str, body: bytes
) -> None:
    answer = await doors.client.post(f"/simulator/{path}", content=body)

    assert answer.status_code == 400, what
    assert list(answer.json()) == ["error"]
    error = answer.json()["error"]
    assert error.endswith(".")
    assert "\n" not in error
    assert doors.sandbox.house.reports == {}
    assert len(doors.sandbox.house.phones.screen(ALICES)) == 1


@pytest.mark.parametrize("path", ["phones/12", "customers/4711", "story/+491713920099"])
async def test_nobodys_page_is_refused(doors: Doors, path: str) -> None:
    answer = await doors.client.get(f"/simulator/{path}")

    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]


# --- Stories and the page


async def test_what_was_played_is_kept_as_a_story() -> None:
    ticks = count()
    sandbox = open_sandbox(lambda: NOON + timedelta(milliseconds=next(ticks)))
    await sandbox.house.invite()
    doors = Doors(sandbox)
    await doors.sms("JOIN")
    await doors.sms("JOIN")
    await doors.event("portal.registered")
    await doors.post("clock", advance="PT1H")
    await doors.telegram(text=f"/start code-{ALICE.number}")
    await doors.telegram(button="Next")
    await doors.event("hotline.called", reason_code="fault")

    text = (await doors.client.get(f"/simulator/story/{ALICES.value}")).text

    story = stories.read(text)
    assert story.cast == stories.Cast("Alice", Channel.SMS, "en")
    acts = [type(act).__name__ for act in story.acts if not isinstance(act, stories.Reads)]
    before = ["At", "Invited", "Writes", "Writes", "Happens", "Waits", "OpensLink"]
    assert acts == [*before, "Taps", "Happens", "Stands"]
    assert stories.Happens("hotline.called", {"reason_code": "fault"}) in story.acts
    assert story.acts[-1] == stories.Stands("steps")
    assert HEDY.number not in text
    await doors.close()


@pytest.mark.parametrize(
    ("path", "script"),
    [("/", "simulator.js"), ("/simulator/", "simulator.js"), ("/simulator/office", "office.js")],
)
async def test_the_page_needs_nothing_from_elsewhere(doors: Doors, path: str, script: str) -> None:
    page = await doors.client.get(path)

    assert page.status_code == 200
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    for piece in ("simulator.css", script):
        assert f"/simulator/static/{piece}" in page.text
        assert (await doors.client.get(f"/simulator/static/{piece}")).status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")


async def test_a_milestone_shows_its_picture_and_says_what_is_on_it(doors: Doors) -> None:
    house = doors.sandbox.house
    card = Card("Nordlicht Mobil", "Geschafft!", "3 von 9 Monaten", "1,8 GB", 3, 9)
    chat = chat_of(ALICES)
    house.phones.receive(Parcel(chat, Message("3 von 9", card=card), "t1"), house.clock())
    house.phones.receive(Parcel(chat, Message("Ihr Stand"), "t2"), house.clock())

    picture, plain = (await doors.get(f"phones/{ALICES.value}"))[-2:]

    assert (picture["text"], picture["picture"]) == ("3 von 9", card.spoken)
    assert plain["picture"] == ""
    shown = await doors.client.get(f"/simulator/pictures/{picture['id']}.png")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    assert shown.content == draw(card)
    none = await doors.client.get(f"/simulator/pictures/{plain['id']}.png")
    assert none.status_code == 404


async def test_nothing_takes_the_place_of_a_picture(doors: Doors) -> None:
    house = doors.sandbox.house
    card = Card("Nordlicht Mobil", "Geschafft!", "3 von 9 Monaten", "1,8 GB", 3, 9)
    chat = chat_of(ALICES)
    ref = house.phones.receive(Parcel(chat, Message("3 von 9", card=card), "t1"), house.clock())
    house.phones.receive(Parcel(chat, Message("Ihr Stand", replaces=ref), "t2"), house.clock())

    assert (await doors.texts())[-2:] == ["3 von 9", "Ihr Stand"]


async def test_sharing_the_number_is_a_message_of_its_own(doors: Doors) -> None:
    house = doors.sandbox.house
    asked = Message("Invited?", (Choice("📱 Share my number"),), asks_contact=True)
    house.phones.receive(Parcel(chat_of(ALICES), asked, "t1"), house.clock())

    shared = house.phones.tap(chat_of(ALICES), "📱 Share my number", house.clock(), ALICES)

    assert isinstance(shared, Inbound)
    assert (shared.proven_phone, shared.message_ref, shared.callback) == (ALICES, None, None)
