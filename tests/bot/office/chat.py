"""Managers at their phones, and the files that they send."""

from dataclasses import dataclass

import msgspec
from msgspec import structs

from bot.channels.channel import (
    Attachment,
    FileTooLargeError,
    FileUnavailableError,
    Inbound,
    Message,
)
from bot.inviting.estimate import ComposedEstimate
from bot.inviting.invitations import Invitations
from bot.inviting.waves import Waves
from bot.office.deciding import Deciding
from bot.office.inviting import Inviting
from bot.office.managers import Managers
from bot.setting_values import Role
from flows.customer import Address
from storage.outbox import Claim, OutboxState, Settle
from tests.bot.broadcast_house import BroadcastHouse
from tests.cast import DAY

ROLES = {"9001": Role.MANAGER, "9002": Role.APPROVER, "9003": Role.VIEWER}


class Chat:
    """Managers at their phones; what the bot writes is read from the outbox."""

    def __init__(self, house: BroadcastHouse) -> None:
        programme, broadcasts = house.programme, house.broadcasts
        invitations = Invitations(
            directory=programme.store,
            turns=programme.turns,
            campaign=programme.house.terms.current,
            clock=programme.clock,
            keys=programme.house.keys,
            estimate=ComposedEstimate(programme.house),
        )
        self.cabinet = Cabinet({})
        waves = Waves(programme.store, programme.clock, programme.poke, programme.house.terms)
        inviting = Inviting(broadcasts, invitations, waves, self.cabinet)
        deciding = Deciding(broadcasts, programme.decisions)
        self.managers = Managers(broadcasts, inviting, deciding, ROLES)
        self.house = house
        self.said = 0
        self.last: dict[str, Message] = {}  # that each of them got

    async def says(
        self, who: str, text: str = "", file: str | None = None, command: str | None = None
    ) -> list[Message]:
        """Write, tap (`command`) or send a file; gives what the bot answers that person."""
        self.said += 1
        address, at = Address(f"telegram:{who}"), self.house.programme.clock()
        inbound = Inbound("test", f"m{self.said}", address, text, at)
        if command is not None:
            ref = f"{who}:7"
            inbound = structs.replace(inbound, command=command, callback="c", message_ref=ref)
        if file is not None:
            self.cabinet.contents["sent"] = file.encode()
            inbound = structs.replace(inbound, attachment=Attachment("sent", "customers.csv"))
        await self.managers.heard(inbound)
        return (await self.read()).get(who, [])

    async def read(self) -> dict[str, list[Message]]:
        """Let what waits in Telegram's lane arrive."""
        store, now = self.house.programme.store, self.house.programme.clock()
        arrived: dict[str, list[Message]] = {}
        claim = Claim("telegram", "node", now, now + DAY, 50)
        while rows := (await store.claim(claim)).rows:
            for row in rows:
                await store.settle([Settle(row.id, OutboxState.ACCEPTED, now, ref=f"r{row.id}")])
                message = msgspec.json.decode(row.body, type=Message)
                who = Address(row.recipient).value
                arrived.setdefault(who, []).append(message)
                self.last[who] = message
        return arrived


@dataclass(frozen=True)
class Cabinet:
    """Files by their refs; what is missing cannot be fetched."""

    contents: dict[str, bytes]

    async def read(self, attachment: Attachment) -> bytes:
        if attachment.ref == "huge":
            raise FileTooLargeError
        if attachment.ref not in self.contents:
            raise FileUnavailableError
        return self.contents[attachment.ref]


def button(message: Message, label: str) -> str:
    """Find what a button commands."""
    return next(c.command or "" for c in message.choices if c.label == label)
