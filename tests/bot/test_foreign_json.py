"""JSON from elsewhere: NUL characters are left out, whoever sends them, and nothing else is."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bot.carrier.cloudevents import read_cloudevents
from bot.carrier.feed import Report
from bot.carrier.transport import Reply
from bot.channels.channel import Inbound
from bot.channels.telegram_updates import read_update
from bot.foreign_json import without_nul
from tests.cast import NOON

EVENT = {
    "specversion": "1.0",
    "id": "E\0-1",
    "source": "crm",
    "type": "statthotline.portal.registered.v1",
    "time": NOON.isoformat(),
    "subject": "100001\0",
}


@given(st.text(alphabet='\0\\u0"ä💥'))
def test_a_text_arrives_as_it_was_written_but_for_its_nul(text: str) -> None:
    for is_ascii in (True, False):
        raw = json.dumps([text], ensure_ascii=is_ascii).encode()

        assert msgspec.json.decode(without_nul(raw)) == [text.replace("\0", "")]


def test_telegram_is_heard_without_it() -> None:
    person = {"id": 17, "is_bot": False, "first_name": "Ba\0bak"}
    said = {"message_id": 1, "date": 1, "chat": {"id": 17, "type": "private"}, "from": person}
    update = {"update_id": 4, "message": said | {"text": "STA\0TUS"}}

    heard = read_update(json.dumps(update).encode(), NOON)

    assert isinstance(heard, Inbound)
    assert (heard.text, heard.sender) == ("STATUS", "Babak")


def test_the_operators_reports_are_read_without_it() -> None:
    [whole] = read_cloudevents(
        {"content-type": "application/cloudevents+json"}, json.dumps(EVENT).encode()
    )
    spelled = {f"ce-{name}": value.replace("\0", "%00") for name, value in EVENT.items()}
    [binary] = read_cloudevents(spelled, b"")

    assert isinstance(whole, Report)
    assert isinstance(binary, Report)
    assert (whole.id, whole.customer) == (binary.id, binary.customer) == ("E-1", "100001")


def test_the_operators_answers_are_read_without_it() -> None:
    assert Reply(200, rb'{"reason": "no\u0000ne"}', {}).read(dict[str, str]) == {"reason": "none"}
