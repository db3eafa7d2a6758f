"""CloudEvents in three modes: what is well formed is a report, anything else one clear line."""

import base64
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.carrier.cloudevents import read_cloudevents
from bot.carrier.feed import (
    Fault,
    FeedComplete,
    Happening,
    IncidentClosed,
    IncidentOpened,
    Report,
)
from flows.events import (
    AppInstalled,
    ContractEnded,
    Feed,
    HotlineCalled,
    PortalRegistered,
    PortalUsed,
    VideoWatched,
)
from tests.cast import NOON

Json = dict[str, object]

STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
CALL: Json = {
    "call_id": "C-1",
    "start": "2026-12-01T11:50:00+01:00",
    "duration_s": 183,
    "connected": True,
    "reason_code": "bill",
}
BEFORE = datetime(2026, 12, 1, 10, 50, tzinfo=UTC)
CALLED = HotlineCalled(at=BEFORE, call_id="C-1", duration_s=183, reason="bill")


def event(kind: str = "hotline.called", data: object = CALL, **rest: object) -> Json:
    """An event about Alice at noon."""
    envelope: Json = {
        "specversion": "1.0",
        "id": "E-1",
        "source": "crm",
        "type": f"statthotline.{kind}.v1",
        "time": "2026-12-01T12:00:00+01:00",
        "subject": "100001",
        "data": data,
    }
    return {name: value for name, value in (envelope | rest).items() if value is not None}


def structured(item: object) -> Report | Fault:
    (only,) = read_cloudevents(STRUCTURED, msgspec.json.encode(item))
    return only


def binary(item: Json) -> Report | Fault:
    headers = {f"ce-{name}": str(value) for name, value in item.items() if name != "data"}
    headers["content-type"] = "application/json"
    (only,) = read_cloudevents(headers, msgspec.json.encode(item["data"]))
    return only


def report(item: object) -> Report:
    found = structured(item)
    assert isinstance(found, Report), found
    return found


def fault(item: object) -> str:
    found = structured(item)
    assert isinstance(found, Fault), found
    return found.why


@pytest.mark.parametrize(
    ("kind", "data", "happened"),
    [
        ("portal.registered", None, PortalRegistered(at=NOON)),
        ("portal.activity", {"action": "bill"}, PortalUsed(at=NOON, action="bill")),
        ("portal.activity", None, PortalUsed(at=NOON, action="login")),
        ("video.watched", {"share": 0.95}, VideoWatched(at=NOON, share=0.95)),
        ("video.watched", {"share": 1}, VideoWatched(at=NOON, share=1)),
        (
            "video.watched",
            {"transcript": True},
            VideoWatched(at=NOON, share=0, has_read_transcript=True),
        ),
        ("app.installed", {}, AppInstalled(at=NOON)),
        ("hotline.called", CALL, CALLED),
        (
            "hotline.called",
            CALL | {"incident_id": "I-1", "reason_code": None, "direction": "outbound"},
            HotlineCalled(
                at=BEFORE, call_id="C-1", duration_s=183, is_inbound=False, has_incident=True
            ),
        ),
        ("incident.opened", {"incident_id": "I", "area": "BE"}, IncidentOpened("I", NOON, "BE")),
        (
            "incident.opened",
            {"incident_id": "I", "customers": ["100001"]},
            IncidentOpened("I", NOON, None, ("100001",)),
        ),
        ("incident.closed", {"incident_id": "I"}, IncidentClosed("I", NOON)),
        (
            "feed.watermark",
            {"feed": "hotline", "complete_until": "2026-12-01T11:50:00+01:00"},
            FeedComplete(Feed.HOTLINE, BEFORE),
        ),
        ("contract.ended", {"reason": "ported"}, ContractEnded(at=NOON, reason="ported")),
    ],
)
def test_each_type_stands_for_its_event(kind: str, data: object, happened: Happening) -> None:
    assert report(event(kind, data)).what == happened


def test_a_report_keeps_who_said_what_about_whom_and_when() -> None:
    found = report(event())

    assert (found.source, found.id, found.customer, found.at) == ("crm", "E-1", "100001", NOON)


def test_an_unknown_type_is_a_report_that_says_nothing() -> None:
    assert report(event("coffee.spilt", {"cups": 2})).what is None


def test_all_modes_give_the_same_report() -> None:
    encoded = event(data=None, data_base64=base64.b64encode(msgspec.json.encode(CALL)).decode())
    plain = {"content-type": "application/json"}

    (batched,) = read_cloudevents(BATCH, msgspec.json.encode([event()]))
    (raw,) = read_cloudevents(plain, msgspec.json.encode(event()))

    assert structured(event()) == binary(event()) == structured(encoded) == batched == raw


def test_the_digest_knows_another_payload_from_another_spelling() -> None:
    turned = event(data=dict(reversed(CALL.items())), time="2026-12-01T11:00:00Z")
    other = event(data=CALL | {"duration_s": 184})

    assert report(event()).digest == report(turned).digest
    assert report(event()).digest != report(other).digest


def test_binary_headers_are_percent_decoded() -> None:
    found = binary(event(source="crm%2Fs%C3%BCd"))

    assert isinstance(found, Report)
    assert found.source == "crm/süd"


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (event(id=None), "id: is missing"),
        (event(id=""), "id: must have at least 1 characters"),
        (event(id=7), "id: must be a text"),
        (event(source=None), "source: is missing"),
        (event(time=None), "time: is missing"),
        (event(time="2026-12-01T12:00:00"), "time: must be a time with a zone"),
        (event(time="today"), "time: must be a time as RFC 3339 writes it"),
        (event(time="0001-01-01T00:00:00+14:00"), "time: lies outside the years 2000 to 2099"),
        (event(time="9999-12-31T23:59:59-12:00"), "time: lies outside the years 2000 to 2099"),
        (event(time="1970-01-01T00:00:00Z"), "time: lies outside the years 2000 to 2099"),
        (
            event(data=CALL | {"start": "0001-01-01T00:00:00Z"}),
            "data.start: lies outside the years 2000 to 2099",
        ),
        (
            event("feed.watermark", {"feed": "hotline", "complete_until": "9999-12-31T23:59:59Z"}),
            "data.complete_until: lies outside the years 2000 to 2099",
        ),
        (event(specversion="0.3"), "specversion: must be 1.0"),
        (event(subject=None), "subject: is missing; it names the customer"),
        (event(datacontenttype="text/xml"), "datacontenttype: must be JSON"),
        (event(data=None, data_base64="%"), "data_base64: is not base64"),
        (event(data=None, data_base64="eA=="), "data_base64: holds no JSON"),
        (event(data=CALL | {"duration_s": "183"}), "data.duration_s: must be a whole number"),
        (event(data=CALL | {"duration_s": 1.5}), "data.duration_s: must be a whole number"),
        (event(data=CALL | {"duration_s": -1}), "data.duration_s: must be at least 0"),
        (event(data=CALL | {"connected": "yes"}), "data.connected: must be true or false"),
        (
            event(data=CALL | {"start": "2026-12-01"}),
            "data.start: must be a time as RFC 3339 writes it",
        ),
        (event(data={}), "data.call_id: is missing"),
        (event(data=[]), "data: must be an object"),
        (event("video.watched", {"share": 1.1}), "data.share: must be at most 1.0"),
        (event("video.watched", {}), "data.share: is missing, and the transcript was not read"),
        (
            event("incident.opened", {"incident_id": "I"}),
            "data.area: is missing, and so are the customers",
        ),
        (
            event("feed.watermark", {"feed": "fax", "complete_until": "2026-12-01T11:00:00Z"}),
            "data.feed: 'fax' is none of the words known here",
        ),
        ([], "must be an object"),
        ("text", "must be an object"),
        (None, "must be an object"),
    ],
)
def test_a_fault_is_one_line_that_names_the_field(item: object, why: str) -> None:
    assert fault(item) == why


@pytest.mark.parametrize(
    ("headers", "body", "why"),
    [
        (STRUCTURED, b"{", "the body is no JSON"),
        (STRUCTURED, b"\xff", "the body is no JSON"),
        (STRUCTURED, b"[" * 100_000, "the body is no JSON"),
        (BATCH, b"{}", "the body must be a list of events"),
        ({}, b"{}", "content-type: is missing; this is no CloudEvent"),
        ({"content-type": "text/plain"}, b"x", "content-type: text/plain; this is no CloudEvent"),
        ({"content-type": "application/json"}, b"{}", "specversion: is missing"),
    ],
)
def test_a_request_that_is_no_event_is_said_to_be_none(
    headers: dict[str, str], body: bytes, why: str
) -> None:
    (found,) = read_cloudevents(headers, body)

    assert isinstance(found, Fault)
    assert found.why == why


def test_one_bad_item_does_not_spoil_a_batch() -> None:
    items = [event(id="1"), {"id": "2"}, event(id="3"), 4]

    first, second, third, fourth = read_cloudevents(BATCH, msgspec.json.encode(items))

    assert isinstance(first, Report)
    assert second == Fault("specversion: is missing", "2")
    assert isinstance(third, Report)
    assert fourth == Fault("must be an object")


def test_a_batch_of_nothing_is_nothing() -> None:
    assert read_cloudevents(BATCH, b"[]") == ()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from([*event(), *CALL]), _JSON), st.sampled_from(list(CALL)), _JSON
)
def test_whatever_json_is_sent_gives_reports_or_faults(
    changes: Json, name: str, odd: object
) -> None:
    item = event(data=CALL | {name: odd}) | changes
    body = msgspec.json.encode([item, changes])

    assert len(read_cloudevents(BATCH, body)) == 2


@given(st.binary(), st.sampled_from(["", "application/cloudevents+json", "text/plain"]))
def test_whatever_bytes_are_sent_give_a_value(body: bytes, kind: str) -> None:
    headers = {"content-type": kind, "ce-specversion": "1.0"}

    assert len(read_cloudevents(headers, body)) == 1
