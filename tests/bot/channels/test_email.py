"""E-mail against a real SMTP server on loopback: headers intact, every refusal classed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.channels.channel import (
    Accepted,
    Choice,
    Fault,
    Message,
    NotSent,
    Outcome,
    Parcel,
    Refused,
    Unknown,
)
from bot.channels.email import EmailSender, MailServer
from bot.channels.email_bodies import subject_of
from flows.customer import Address
from tests.cast import NOON

TO = Address("mailto:alice@mail.example")
WAY_OUT = f"https://bot.example/{'a' * 90}/u/{'x' * 22}"
PARCEL = Parcel(
    TO,
    Message(
        "Guten Tag, größer <b> & mehr.\n\nHier: https://bot.example/p/1.",
        (Choice("Mitmachen", url="https://bot.example/p/1?a=1&b=2"),),
        subject="Einladung für Sie",
        unsubscribe=WAY_OUT,
    ),
    tag="first-attempt",
    number=7,
    written_at=NOON,
)


@dataclass
class Postbox:
    """Takes mail, or answers as it is told."""

    answers: dict[str, str] = field(default_factory=dict)
    letters: list[bytes] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    drops: bool = False
    servers: list[SMTP] = field(default_factory=list)

    def hang_up(self) -> None:
        """End every connection, as mail servers do after a while."""
        for server in self.servers:
            if server.transport is not None:
                server.transport.close()

    async def handle_RCPT(  # noqa: N802 - the name and shape are aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        self.servers.append(server)
        return self.answers.get("rcpt", "250 OK")

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.letters.append(envelope.content)
        self.senders.append(str(envelope.mail_from))
        if self.drops:
            assert server.transport is not None
            server.transport.close()
        return self.answers.get("data", "250 OK")


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
async def server(postbox: Postbox) -> AsyncIterator[MailServer]:
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(postbox), "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    yield MailServer(f"smtp://127.0.0.1:{port}", "Nordlicht Mobil <bot@nordlicht.example>")
    listening.close()


@pytest.fixture
async def sender(server: MailServer) -> AsyncIterator[EmailSender]:
    sending = EmailSender(server, lambda: NOON)
    yield sending
    await sending.close()


async def test_the_way_out_stands_plain_in_one_header(
    sender: EmailSender, postbox: Postbox
) -> None:
    outcome = await sender.send(PARCEL)

    raw = postbox.letters[0]
    assert f"List-Unsubscribe: <{WAY_OUT}>\r\n".encode() in raw
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert outcome == Accepted("<7.1796122800000000@nordlicht.example>")


async def test_text_comes_first_and_html_says_the_same(
    sender: EmailSender, postbox: Postbox
) -> None:
    await sender.send(PARCEL)

    letter = message_from_bytes(postbox.letters[0], policy=default)
    text, html = (part.get_content() for part in letter.iter_parts())
    assert [p.get_content_type() for p in letter.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    assert letter["Subject"] == "Einladung für Sie"
    assert "größer <b> & mehr" in text
    assert "größer &lt;b&gt; &amp; mehr" in html
    assert '<a href="https://bot.example/p/1">https://bot.example/p/1</a>.' in html
    assert 'href="https://bot.example/p/1?a=1&amp;b=2"' in html


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("▰▰▱\n11 of 12 months, 1 day left\n\nMore.", "11 of 12 months, 1 day left"),
        ("✅ +600 MB sind da, bis 1. März 2027.", "+600 MB sind da, bis 1. März 2027"),
        ("Am 22. September sind sie um. Dann mehr.", "Am 22. September sind sie um"),
        ("Do you really want to leave? Yes: LEAVE", "Do you really want to leave?"),
        ("word " * 40, f"{'word ' * 15}…"),
        ("▰▰▱", "▰▰▱"),
        ("", ""),
    ],
)
def test_a_letter_without_a_subject_has_its_first_sentence_as_one(text: str, subject: str) -> None:
    assert subject_of(text) == subject


async def test_a_letter_names_its_own_way_back_and_a_way_out_by_mail(
    server: MailServer, postbox: Postbox
) -> None:
    sending = EmailSender(replace(server, returns="returns@bot.example"), lambda: NOON)

    await sending.send(PARCEL)
    await sending.close()

    token = "x" * 22
    assert postbox.senders == [f"returns+b-{token}@bot.example"]
    by_mail = f"<mailto:returns+u-{token}@bot.example?subject=unsubscribe>"
    raw = postbox.letters[0]
    assert f"List-Unsubscribe: <{WAY_OUT}>, {by_mail}\r\n".encode() in raw
    assert b"Feedback-ID: programme:statthotline:nordlicht.example\r\n" in raw


async def test_without_a_mailbox_for_returns_letters_come_back_to_the_sender(
    sender: EmailSender, postbox: Postbox
) -> None:
    await sender.send(PARCEL)

    assert postbox.senders == ["bot@nordlicht.example"]
    assert b"mailto:" not in postbox.letters[0]


async def test_a_second_attempt_has_the_same_name(sender: EmailSender, postbox: Postbox) -> None:
    await sender.send(PARCEL)
    await sender.send(PARCEL)

    names = {message_from_bytes(raw)["Message-ID"] for raw in postbox.letters}
    assert len(names) == 1


@pytest.mark.parametrize(
    ("step", "answer", "outcome"),
    [
        ("rcpt", "550 no such mailbox", Refused(Fault.ADDRESS, "550")),
        ("rcpt", "450 try later", Refused(Fault.LATER, "450")),
        ("data", "554 refused as unwanted", Refused(Fault.CONTENT, "554")),
        ("data", "451 try later", Refused(Fault.LATER, "451")),
    ],
)
async def test_a_refusal_is_classed(
    sender: EmailSender, postbox: Postbox, step: str, answer: str, outcome: Outcome
) -> None:
    postbox.answers[step] = answer

    assert await sender.send(PARCEL) == outcome


async def test_a_line_that_breaks_after_the_letter_leaves_its_fate_unknown(
    sender: EmailSender, postbox: Postbox
) -> None:
    postbox.drops = True

    assert isinstance(await sender.send(PARCEL), Unknown)

    postbox.drops = False
    assert isinstance(await sender.send(PARCEL), Accepted)


async def test_without_a_server_nothing_was_sent() -> None:
    nobody = EmailSender(MailServer("smtp://127.0.0.1:9", "bot@nordlicht.example"), lambda: NOON)

    assert isinstance(await nobody.send(PARCEL), NotSent)
