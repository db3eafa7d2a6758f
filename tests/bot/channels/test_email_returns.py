"""What comes back by mail: bounces by their status, wishes by their address, all else is left."""

import pytest

from bot.channels.channel import Fault
from bot.channels.email_returns import Bounced, Returned, Unwanted, address_of, read_returned

TOKEN = "k" * 22


def bounce(to: str, status: str, action: str = "failed") -> bytes:
    """Write a delivery report as mail servers do (RFC 3464)."""
    lines = (
        "From: MAILER-DAEMON@mail.example",
        f"To: {to}",
        "Subject: Undelivered Mail Returned to Sender",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"',
        "",
        "--x",
        "Content-Type: text/plain",
        "",
        "This is the mail system.",
        "--x",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mail.example",
        "",
        "Final-Recipient: rfc822; alice@mail.example",
        f"Action: {action}",
        f"Status: {status}",
        "Diagnostic-Code: smtp; 550 said so",
        "",
        "--x",
        "Content-Type: text/rfc822-headers",
        "",
        "Subject: Einladung",
        "--x--",
        "",
    )
    return "\r\n".join(lines).encode()


def to_us(kind: str = "b") -> str:
    return address_of("returns@bot.example", kind, TOKEN)


BOUNCES = [
    ("5.1.1", "failed", Bounced(TOKEN, Fault.ADDRESS, "5.1.1"), "no such mailbox"),
    ("5.1.10", "failed", Bounced(TOKEN, Fault.ADDRESS, "5.1.10"), "the domain takes no mail"),
    ("5.2.1", "failed", Bounced(TOKEN, Fault.ADDRESS, "5.2.1"), "switched off"),
    ("5.2.2", "failed", Bounced(TOKEN, Fault.LATER, "5.2.2"), "full"),
    ("5.7.1", "failed", Bounced(TOKEN, Fault.CONTENT, "5.7.1"), "taken for spam"),
    ("4.4.7", "failed", Bounced(TOKEN, Fault.LATER, "4.4.7"), "tried for days"),
    ("4.4.1", "delayed", None, "still being tried"),
    ("2.0.0", "delivered", None, "it arrived"),
]


@pytest.mark.parametrize(("status", "action", "found", "why"), BOUNCES)
def test_a_bounce_is_read_by_its_status(
    status: str, action: str, found: Returned | None, why: str
) -> None:
    assert read_returned(bounce(to_us(), status, action)) == found, why


def test_the_envelope_says_more_than_the_head() -> None:
    raw = bounce("postmaster@bot.example", "5.1.1")

    assert read_returned(raw) is None
    assert read_returned(raw, to_us()) == Bounced(TOKEN, Fault.ADDRESS, "5.1.1")


def test_a_wish_needs_no_words() -> None:
    raw = f"To: <{to_us('u')}>\r\n\r\n".encode()

    assert read_returned(raw) == Unwanted(TOKEN)


OTHERS = [
    b"",
    b"\xff\x00\xfe",
    b"To: returns@bot.example\r\n\r\nhello",
    b"To: returns+x-abc@bot.example\r\n\r\n",
    f"To: {to_us()}\r\nAuto-Submitted: auto-replied\r\n\r\nI am on holiday".encode(),
    f"To: {to_us()}\r\nContent-Type: message/delivery-status\r\n\r\nno fields".encode(),
    f"To: {to_us()}\r\nContent-Type: multipart/report\r\n\r\nwithout parts".encode(),
]


@pytest.mark.parametrize("raw", OTHERS)
def test_whatever_else_arrives_is_left_alone(raw: bytes) -> None:
    assert read_returned(raw) is None
