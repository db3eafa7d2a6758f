"""E-mail end to end in one house: invited by a real mail server, and out by one click."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import httpx
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import SecretStr
from starlette.applications import Starlette

from bot.commands.returned import take
from bot.metrics import Metrics
from bot.parting import lane_of
from bot.premises import open_premises
from bot.real import open_channels
from bot.rights.codes import Door, Sending
from bot.sending.relay import Relay
from bot.settings import Settings
from flows.customer import Address, Contact
from flows.events import PortalUsed
from storage.store import Store
from tests.bot.channels.test_email import Postbox
from tests.bot.channels.test_email_returns import bounce
from tests.bot.relay_bench import HandClock
from tests.bot.small_house import TELEGRAM_BOT, SmallHouse
from tests.bot.sms_premises import around
from tests.cast import ALICE, member

pytestmark = pytest.mark.anyio

MAIL = Address("mailto:alice@mail.example")
ALICE_BY_MAIL = replace(ALICE, contacts=(Contact(MAIL),))
URL = "https://bot.example"


class OnceMoody(Postbox):
    """A postbox whose trouble is over after the first letter."""

    async def handle_RCPT(  # noqa: N802 - the name and shape are aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await super().handle_RCPT(server, session, envelope, address, options)
        self.answers.clear()
        return answer

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        self.drops = False
        return answer


@dataclass(slots=True, kw_only=True)
class MailHouse(SmallHouse):
    """A small house whose letters leave by a mail server on loopback."""

    relay: Relay
    postbox: Postbox
    browser: httpx.AsyncClient

    async def work(self, length: timedelta = timedelta(0)) -> None:
        """Let the relay do what becomes due within a span of time."""
        end = self.now + length
        while (due := await self.relay.tick()) is not None and due < end:
            self.clock.at = max(due, self.now)
        self.clock.at = end
        await self.relay.tick()

    async def contact_is_blocked(self) -> bool:
        customer = (await self.dossier()).memory.customer
        assert customer is not None
        return customer.contacts[0].blocked_at is not None

    def letters(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.postbox.letters]


@asynccontextmanager
async def mail_house(folder: Path, returns: str | None = None) -> AsyncIterator[MailHouse]:
    postbox, clock = OnceMoody(), HandClock()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(postbox), "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{folder}/bot.db"),
        public_url=URL,
        smtp_url=SecretStr(f"smtp://127.0.0.1:{port}"),
        email_from="Nordlicht Mobil <bot@nordlicht.example>",
        email_returns=returns,
    )

    async def name(_: Store) -> str | None:
        return TELEGRAM_BOT

    async with open_premises(settings, clock, name) as premises:
        metrics = Metrics()
        channels = open_channels(settings, premises, metrics)
        [sender] = channels.senders
        surroundings = around(premises, clock, metrics, lambda: 0.5)
        relay = Relay(premises.store, (lane_of(sender, premises),), surroundings)
        transport = httpx.ASGITransport(Starlette(routes=channels.routes))
        async with httpx.AsyncClient(transport=transport, base_url=URL) as browser:
            yield MailHouse(premises, clock, folder, relay=relay, postbox=postbox, browser=browser)
        await sender.close()
    listening.close()


async def test_a_customer_with_a_mailbox_only_is_invited_there(tmp_path: Path) -> None:
    async with mail_house(tmp_path) as house:
        assert await house.invite(ALICE_BY_MAIL) == "invited"
        await house.work(timedelta(days=4))  # the coming working day

        [letter] = house.letters()
        text, html = (part.get_content() for part in letter.iter_parts())
        assert letter["To"] == "alice@mail.example"
        for half in (text, html):
            assert f"{URL}/p/" in half
            assert f"https://t.me/{TELEGRAM_BOT}?start=" in half
            assert f"{URL}/u/" in half
        [row] = await house.messages()
        assert letter["Message-ID"] == row.ref
        assert str(letter["Message-ID"]).startswith(f"<{row.id}.")


async def test_a_member_by_mail_gets_every_later_message_there_with_a_way_to_act(
    tmp_path: Path,
) -> None:
    """Nobody can answer a letter with a word, so each of them leads to the page."""
    async with mail_house(tmp_path) as house:
        await house.put(ALICE_BY_MAIL, member())
        await house.do_all_steps()
        await house.work(timedelta(days=4))
        await house.report(PortalUsed(at=house.now))
        await house.pass_time(timedelta(days=31))
        await house.work(timedelta(days=4))

        letters = {str(letter["Subject"]): letter for letter in house.letters()}
        assert "Your 9 months without a hotline call begin now" in letters
        assert "The 600 MB for the film are being booked" in letters
        assert any(subject.startswith("1 of 9 months, ") for subject in letters)
        for letter in letters.values():
            for half in letter.iter_parts():
                assert f"{URL}/p/" in half.get_content()
                assert "buttons for objecting" in half.get_content()
                assert "030 23125 100" in half.get_content()


async def test_a_look_at_the_way_out_changes_nothing_and_one_click_stops_everything(
    tmp_path: Path,
) -> None:
    async with mail_house(tmp_path) as house:
        await house.invite(ALICE_BY_MAIL)
        await house.work(timedelta(days=4))
        way_out = re.findall(r"<(https://[^>]*)>", str(house.letters()[0]["List-Unsubscribe"]))[0]
        before = house.counts()

        looked = await house.browser.get(way_out)
        assert (looked.status_code, house.counts()) == (200, before)
        one_click = {"List-Unsubscribe": "One-Click"}
        assert (await house.browser.post(way_out, data=one_click)).status_code == 200
        unknown = await house.browser.post(f"{URL}/u/{'x' * 22}", data=one_click)
        await house.pass_time(timedelta(days=8))
        await house.work(timedelta(days=4))

        assert unknown.status_code == 200
        assert len(house.letters()) == 1  # no reminder
        contact = (await house.dossier()).memory.customer
        assert contact is not None
        assert [c.opted_out_at is not None for c in contact.contacts] == [True]
        assert house.rows("select source from suppressions") == [("customer",)]


async def test_a_letter_whose_fate_is_unknown_leaves_again_under_the_same_name(
    tmp_path: Path,
) -> None:
    async with mail_house(tmp_path) as house:
        await house.invite(ALICE_BY_MAIL)
        await house.work(timedelta(days=4))
        house.postbox.drops = True
        assert await house.premises.codes.send(ALICE.number, Door.DATA) is Sending.SENT
        await house.work(timedelta(hours=1))

        _, first, second = house.letters()
        assert first["Message-ID"] == second["Message-ID"]
        assert [row.state.value for row in await house.messages()] == ["accepted", "accepted"]


@pytest.mark.parametrize(
    ("answer", "is_closed"), [("550 no such mailbox", True), ("451 later", False)]
)
async def test_a_mailbox_that_is_gone_is_closed_and_one_that_waits_is_not(
    tmp_path: Path, answer: str, *, is_closed: bool
) -> None:
    async with mail_house(tmp_path) as house:
        house.postbox.answers["rcpt"] = answer
        await house.invite(ALICE_BY_MAIL)
        await house.work(timedelta(days=4))

        customer = (await house.dossier()).memory.customer
        assert customer is not None
        assert (customer.contacts[0].blocked_at is not None) == is_closed
        assert len(house.letters()) == (0 if is_closed else 1)


async def test_what_comes_back_later_closes_the_mailbox_or_leaves_it_open(tmp_path: Path) -> None:
    async with mail_house(tmp_path, returns="returns@bot.example") as house:
        await house.invite(ALICE_BY_MAIL)
        await house.work(timedelta(days=4))
        [sender] = house.postbox.senders
        conversations = house.premises.conversations

        full = await take(conversations, bounce(sender, "5.2.2"), "")
        forged = await take(conversations, bounce("returns+b-" + "A" * 22 + "@x", "5.1.1"), "")
        opened = await house.contact_is_blocked()
        gone = await take(conversations, bounce(sender, "5.1.1"), "")

        assert (full, opened) == ("Bounced (5.2.2, later): the mailbox stays open.", False)
        assert forged == "Bounced for good (5.1.1): no letter is known by it."
        assert gone == "Bounced for good (5.1.1): the mailbox is closed to us."
        assert await house.contact_is_blocked()


async def test_a_wish_by_mail_is_a_stop(tmp_path: Path) -> None:
    async with mail_house(tmp_path, returns="returns@bot.example") as house:
        await house.invite(ALICE_BY_MAIL)
        await house.work(timedelta(days=4))
        [ways] = re.findall(r"mailto:([^?]*)\?", str(house.letters()[0]["List-Unsubscribe"]))

        wish = f"From: alice@mail.example\r\nTo: {ways}\r\nSubject: unsubscribe\r\n\r\n"
        await take(house.premises.conversations, wish.encode(), "")

        assert (await house.journey()).is_silent


async def test_a_connection_that_was_hung_up_loses_no_letter(tmp_path: Path) -> None:
    async with mail_house(tmp_path) as house:
        await house.invite(ALICE_BY_MAIL)
        await house.work(timedelta(days=4))
        house.postbox.hang_up()

        other = replace(ALICE, number="100009", contacts=(Contact(Address("mailto:b@m.example")),))
        await house.invite(other)
        await house.work(timedelta(days=4))

        assert [str(letter["To"]) for letter in house.letters()][-1] == "b@m.example"
        assert [row.state.value for row in await house.messages("100009")] == ["accepted"]
