"""Contacts as TM Forum TMF683 Party Interaction reports them, in version 4.0 and in 5.0.

A contact becomes a hotline call or a use of the portal by its channel. The interface knows no
"connected": a call was connected if the contact names an agent. One that is still open says nothing
yet; it comes again, by a change of its status.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from bot.carrier.bodies import name_of
from bot.carrier.cloudevents import digest_of
from bot.carrier.feed import Fault, Happening, Report
from bot.carrier.happenings import (
    HOTLINE_CALLED,
    PORTAL_ACTIVITY,
    Moment,
    Name,
    UnreadableError,
    in_utc,
    plainly,
)
from bot.foreign_json import without_nul
from flows.events import HotlineCalled, PortalUsed

_ONLINE = frozenset({"web", "mobileapp", "app", "portal", "selfservice"})
_BY_PHONE = frozenset({"phone", "voice", "call", "hotline", "callcenter", "callcentre", "ivr"})
_WORD_LENGTH = 64
_SPAN = "event.partyInteraction.interactionDate"


class _Ref(msgspec.Struct, rename={"kind": "@referredType"}):
    id: object = None
    name: object = None
    kind: object = None


class _Channel(_Ref):
    channel: _Ref | None = None  # 5.0 wraps the reference


class _Party(_Ref, rename={"kind": "@referredType", "inner": "partyOrPartyRole"}):
    role: str = ""
    inner: _Ref | None = None  # 5.0 wraps the reference


class _Item(msgspec.Struct):
    reason: str | None = None
    item: _Ref | None = None


class _Span(msgspec.Struct, rename="camel"):
    start_date_time: Moment | None = None
    end_date_time: Moment | None = None


class _Interaction(msgspec.Struct, rename="camel"):
    id: Name
    interaction_date: _Span | None = None
    direction: str = "inbound"
    reason: str | None = None
    status: str | None = None
    channel: list[_Channel] = msgspec.field(default_factory=list)
    related_channel: list[_Channel] = msgspec.field(default_factory=list)
    related_party: list[_Party] = msgspec.field(default_factory=list)
    interaction_item: list[_Item] = msgspec.field(default_factory=list)


class _Payload(msgspec.Struct, rename="camel"):
    party_interaction: _Interaction


class _Notice(
    msgspec.Struct, rename={"event_id": "eventId", "event_time": "eventTime", "kind": "@type"}
):
    event_id: Name
    event_time: Moment
    event: _Payload
    kind: str | None = None


def is_v5(body: bytes) -> bool:
    """Tell the versions apart: only 5.0 has `@type` in the notice itself."""
    try:
        found = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return "@type" in found


def read_interaction(body: bytes, source: str = "tmf683") -> Report | Fault:
    """Read a notice about a contact; `source` names the hub that sends it."""
    body = without_nul(body)
    try:
        notice = msgspec.json.decode(body, type=_Notice)
        raw = msgspec.json.decode(body)
        return _report(notice, raw, source)
    except msgspec.ValidationError as error:
        return Fault(plainly(str(error), "").removeprefix(": "))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Fault("the body is no JSON")
    except UnreadableError as error:
        return Fault(str(error))


def _report(notice: _Notice, raw: object, source: str) -> Report:
    contact = notice.event.party_interaction
    at = in_utc(notice.event_time, "eventTime")
    what = _what(contact, at)
    kind = PORTAL_ACTIVITY if isinstance(what, PortalUsed) else HOTLINE_CALLED
    customer = _customer(contact.related_party)
    return Report(
        source, notice.event_id, kind, customer, at, what, digest_of(kind, customer, at, raw)
    )


def _what(contact: _Interaction, at: datetime) -> Happening | None:
    places = {_place(one) for one in (*contact.channel, *contact.related_channel)}
    if not places:
        raise UnreadableError("event.partyInteraction.channel: is missing")
    span = contact.interaction_date or _Span()
    if places & _ONLINE:
        used_at = in_utc(span.start_date_time or at, _SPAN)
        return PortalUsed(at=used_at, action=_reason(contact) or "contact")
    if not places & _BY_PHONE or span.end_date_time is None:
        return None
    return _call(contact, span.start_date_time, span.end_date_time)


def _call(contact: _Interaction, start: datetime | None, end: datetime) -> HotlineCalled:
    if start is None or in_utc(end, _SPAN) < start:
        raise UnreadableError(f"{_SPAN}: has no start before its end")
    return HotlineCalled(
        at=in_utc(start, _SPAN),
        call_id=contact.id,
        duration_s=int((end - start).total_seconds()),
        is_connected=any("agent" in party.role.lower() for party in contact.related_party),
        is_inbound=contact.direction.lower() == "inbound",
        reason=_reason(contact),
        has_incident=any(_is_incident(item) for item in contact.interaction_item),
    )


def _place(channel: _Channel) -> str:
    ref = channel.channel or channel
    name = name_of(ref.name) or name_of(ref.id) or ""
    return "".join(c for c in name.lower() if c.isalnum())


def _customer(parties: Sequence[_Party]) -> str:
    """Find the customer: by role, else by what the reference says it is."""
    for is_wanted in (_has_role, _is_kind):
        for party in parties:
            ref = party.inner or party
            if is_wanted(party) and (number := name_of(ref.id)) is not None:
                return number
    raise UnreadableError("event.partyInteraction.relatedParty: names no customer")


def _has_role(party: _Party) -> bool:
    return party.role.lower() == "customer"


def _is_kind(party: _Party) -> bool:
    return str((party.inner or party).kind).lower() == "customer"


def _reason(contact: _Interaction) -> str | None:
    """Give the reason of the contact, else of its first item that has one."""
    reasons = (contact.reason, *(item.reason for item in contact.interaction_item))
    found = next((reason for reason in reasons if reason), None)
    return found[:_WORD_LENGTH] if found else None


def _is_incident(item: _Item) -> bool:
    return item.item is not None and "incident" in str(item.item.kind).lower()
