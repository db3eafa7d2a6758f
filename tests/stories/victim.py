"""A sandbox that handles the same events at every start, to be killed at any moment.

`python -m tests.stories.victim FOLDER`: says "begun" when it handles the first event and "done"
when everything has come to rest.
"""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from bot.app import Stage
from bot.carrier.feed import Report
from bot.carrier.happenings import PREFIX
from bot.channels.channel import Inbound
from bot.premises import Premises
from flows.customer import Address, Basis, Contact, Customer
from flows.events import AppInstalled, Event, PortalRegistered, VideoWatched
from tests.cast import NOON
from tests.stories.player import on_stage

PEOPLE = 4


def people() -> list[Customer]:
    """Give the same people at every start."""
    return [
        Customer(f"30000{n}", "en", Basis.CONSENT, (Contact(Address(f"tel:+49171392010{n}")),))
        for n in range(PEOPLE)
    ]


def messages(customer: Customer) -> list[Inbound]:
    """Give what a customer writes, under ids that never change."""
    address = customer.contacts[0].address
    return [
        Inbound("phone", f"{customer.number}-{n}", address, text, NOON)
        for n, text in enumerate(("JOIN", "JOIN", "STATUS"))
    ]


def reports(customer: Customer, at: datetime) -> list[Report]:
    """Give what the operator reports of a customer, under ids that never change."""
    events: list[Event] = [
        PortalRegistered(at=at),
        VideoWatched(at=at, share=1),
        AppInstalled(at=at),
    ]
    return [
        Report("crm", f"{customer.number}-{n}", f"{PREFIX}x.v1", customer.number, at, event, b"")
        for n, event in enumerate(events)
    ]


async def live(stage: Stage, premises: Premises) -> None:
    """Let everything happen, again if it has happened before."""
    for customer in people():
        await premises.turns.invite(customer, is_held_out=False)
    for n in range(3):
        for customer in people():
            await premises.conversations.heard(messages(customer)[n])
            await stage.mover.advance("PT1S", feeds=False)
    for n in range(3):
        for customer in people():
            await premises.reports.happened(reports(customer, NOON)[n])
        await stage.mover.advance("PT20S", feeds=False)
    await stage.mover.advance("P1D", feeds=False)  # a lost request is looked up for hours


async def main() -> None:
    """Live once."""
    async with on_stage(Path(sys.argv[1]), lambda: NOON) as (stage, premises, _):
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        await live(stage, premises)
    sys.stdout.write("done\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
