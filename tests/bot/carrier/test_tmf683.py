"""Contacts by TMF683: the phone is a hotline call, web and app are use of the portal."""

from datetime import timedelta

import msgspec
import pytest

from bot.carrier.feed import Fault, Report
from bot.carrier.tmf683 import is_v5, read_interaction
from flows.events import HotlineCalled, PortalUsed
from tests.bot.carrier.published import check, check_v5, needs_specs
from tests.cast import NOON

Json = dict[str, object]

SPAN = {"startDateTime": "2026-12-01T12:00:00+01:00", "endDateTime": "2026-12-01T12:03:03+01:00"}


def party(id_: str, role: str, kind: str) -> Json:
    return {"id": id_, "href": f"/{kind}/{id_}", "role": role, "@referredType": kind}


def channel(name: str) -> Json:
    return {"id": name, "href": f"/channel/{name}", "name": name}


def notice(**changes: object) -> Json:
    """Alice's call about a bill, as version 4.0 reports it."""
    contact: Json = {
        "id": "PI-7",
        "direction": "inbound",
        "reason": "bill",
        "status": "completed",
        "interactionDate": SPAN,
        "channel": [channel("phone")],
        "relatedParty": [
            party("100001", "customer", "Customer"),
            party("a9", "agent", "Individual"),
        ],
    }
    contact |= changes
    return {
        "eventId": "EV-1",
        "eventTime": "2026-12-01T12:04:00+01:00",
        "eventType": "PartyInteractionCreateEvent",
        "event": {"partyInteraction": contact},
    }


def v5_notice() -> Json:
    """The same by version 5.0, which wraps its references and names its types."""
    customer = {"id": "100001", "@type": "PartyRef", "@referredType": "Customer"}
    agent = {"id": "a9", "@type": "PartyRef", "@referredType": "Individual"}
    parties = [
        {"@type": "RelatedPartyOrPartyRole", "role": "customer", "partyOrPartyRole": customer},
        {"@type": "RelatedPartyOrPartyRole", "role": "agent", "partyOrPartyRole": agent},
    ]
    ref = {"id": "phone", "name": "Phone", "@type": "ChannelRef"}
    where = [{"@type": "RelatedChannel", "role": "contact", "channel": ref}]
    said = notice(relatedChannel=where, relatedParty=parties, **{"@type": "PartyInteraction"})
    contact = said["event"]["partyInteraction"]  # type: ignore[index]
    del contact["channel"]
    return said | {"@type": "PartyInteractionCreateEvent"}


def read(said: Json) -> Report:
    found = read_interaction(msgspec.json.encode(said))
    assert isinstance(found, Report), found
    return found


CALL = HotlineCalled(at=NOON, call_id="PI-7", duration_s=183, reason="bill")


@pytest.mark.parametrize("said", [notice(), v5_notice()], ids=["4.0", "5.0"])
def test_a_contact_by_phone_is_a_hotline_call(said: Json) -> None:
    found = read(said)

    assert found.what == CALL
    assert (found.source, found.id, found.customer) == ("tmf683", "EV-1", "100001")
    assert found.at == NOON + timedelta(minutes=4)


@pytest.mark.parametrize("name", ["web", "mobileApp", "Mobile App"])
def test_a_contact_online_is_use_of_the_portal(name: str) -> None:
    assert read(notice(channel=[channel(name)])).what == PortalUsed(at=NOON, action="bill")


def test_a_visit_to_a_shop_does_not_concern_us() -> None:
    assert read(notice(channel=[channel("store")])).what is None


def test_a_contact_that_is_still_open_says_nothing_yet() -> None:
    start = {"startDateTime": SPAN["startDateTime"]}

    assert read(notice(status="open", interactionDate=start)).what is None


def test_a_contact_without_an_agent_was_not_connected() -> None:
    what = read(notice(relatedParty=[party("100001", "customer", "Customer")])).what

    assert isinstance(what, HotlineCalled)
    assert not what.is_connected


def test_a_call_by_us_is_not_inbound() -> None:
    what = read(notice(direction="outbound")).what

    assert isinstance(what, HotlineCalled)
    assert not what.is_inbound


def test_the_reason_of_an_item_and_its_incident_are_found() -> None:
    item = {"id": "1", "reason": "fault", "item": {"id": "I-1", "@referredType": "Incident"}}

    what = read(notice(reason=None, interactionItem=[item])).what

    assert isinstance(what, HotlineCalled)
    assert (what.reason, what.has_incident) == ("fault", True)


def test_a_customer_without_a_role_is_known_by_its_type() -> None:
    parties = [party("a9", "agent", "Individual"), party("100001", "", "Customer")]

    assert read(notice(relatedParty=parties)).customer == "100001"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (notice() | {"eventId": None}, "eventId: must be a text"),
        (notice() | {"eventTime": "2026-12-01T12:00:00"}, "eventTime: must be a time with a zone"),
        (
            notice() | {"eventTime": "0001-01-01T00:00:00+14:00"},
            "eventTime: lies outside the years 2000 to 2099",
        ),
        (
            notice(interactionDate=SPAN | {"endDateTime": "9999-12-31T23:00:00-12:00"}),
            "event.partyInteraction.interactionDate: lies outside the years 2000 to 2099",
        ),
        (notice(id=None), "event.partyInteraction.id: must be a text"),
        (notice(channel=[]), "event.partyInteraction.channel: is missing"),
        (notice(relatedParty=[]), "event.partyInteraction.relatedParty: names no customer"),
        (
            notice(interactionDate={"endDateTime": SPAN["endDateTime"]}),
            "event.partyInteraction.interactionDate: has no start before its end",
        ),
        ({}, "eventId: is missing"),
    ],
)
def test_a_fault_names_the_field(said: Json, why: str) -> None:
    assert read_interaction(msgspec.json.encode(said)) == Fault(why)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"<xml/>"])
def test_what_is_no_notice_is_a_fault(body: bytes) -> None:
    assert isinstance(read_interaction(body), Fault)
    assert not is_v5(body)


def test_the_versions_are_told_apart_by_the_type_in_the_notice() -> None:
    assert is_v5(msgspec.json.encode(v5_notice()))
    assert not is_v5(msgspec.json.encode(notice()))


@needs_specs
def test_what_we_read_is_what_the_published_schema_describes() -> None:
    check("683", "PartyInteractionCreateEvent", msgspec.json.encode(notice()))
    check_v5("PartyInteractionCreateEvent", msgspec.json.encode(v5_notice()))
