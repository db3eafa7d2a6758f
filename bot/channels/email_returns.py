"""What comes back by mail: a bounce that arrives later, or a wish to hear no more.

Each letter has return addresses of its own, which nobody can guess: its envelope is from
`returns+b-TOKEN@…` (VERP), and `List-Unsubscribe` names `returns+u-TOKEN@…`. The operator's mail
server hands whatever arrives there to `statthotline returned`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message as Mail
from email.utils import getaddresses

from bot.channels.channel import Fault

BOUNCE, UNSUBSCRIBE = "b", "u"
_OURS = re.compile(r"[^@\s]*\+([bu])-([A-Za-z0-9_-]+)@[^@\s]+")
_DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
# RFC 3463: no such mailbox, no such host, moved away; a mailbox that is switched off.
_GONE = ("5.1.", "5.2.1", "5.4.4")
_REFUSED = ("5.3.4", "5.6.", "5.7.")


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Somebody wants no more messages: the link of the letter they answered says who."""

    token: str


@dataclass(frozen=True, slots=True)
class Bounced:
    """A letter came back; `fault` says whose, and for how long."""

    token: str
    fault: Fault
    status: str


Returned = Unwanted | Bounced


def address_of(returns: str, kind: str, token: str) -> str:
    """Make the address at which one letter comes back."""
    local, _, domain = returns.rpartition("@")
    return f"{local}+{kind}-{token}@{domain}"


def read_returned(raw: bytes, to: str = "") -> Returned | None:
    """Read a mail that came back; None if it is no bounce and no wish of ours.

    `to` is whom the envelope named, if the mail server tells; else the headers say it.
    """
    mail = message_from_bytes(raw)
    found = next((ours for one in _recipients(mail, to) if (ours := _OURS.fullmatch(one))), None)
    if found is None:
        return None
    if found[1] == UNSUBSCRIBE:
        return Unwanted(found[2])
    status = next(_failures(mail), None)
    return Bounced(found[2], _fault(status), status) if status else None


def _recipients(mail: Mail, to: str) -> Iterator[str]:
    yield to
    for name in _DELIVERED_TO:
        yield from (address for _, address in getaddresses(map(str, mail.get_all(name, []))))


def _failures(mail: Mail) -> Iterator[str]:
    """Give the status of each recipient that the letter did not reach (RFC 3464)."""
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        groups = part.get_payload()
        for group in groups if isinstance(groups, list) else []:
            if isinstance(group, Mail) and str(group.get("Action", "")).strip().lower() == "failed":
                yield str(group.get("Status", "")).strip().partition(" ")[0] or "5.0.0"


def _fault(status: str) -> Fault:
    if not status.startswith("5"):
        return Fault.LATER
    if status.startswith(_GONE):
        return Fault.ADDRESS
    return Fault.CONTENT if status.startswith(_REFUSED) else Fault.LATER
