"""What commands need of the house they are let into, and how they find a customer there."""

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from bot.addresses import UnusableAddressError, address
from bot.commands.refusal import RefusedError
from bot.inviting.invitations import Estimate, Inviting
from bot.inviting.waves import Waits
from bot.keys import Keys
from bot.settings import Settings
from bot.terms import Terms
from flows.customer import Address
from storage.reading import Dossier


class Register(Protocol):
    """The part of the store that commands read."""

    async def customer_at(self, address: Address) -> str | None:
        """Find the customer number behind an address."""

    async def dossier(self, customer: str) -> Dossier | None:
        """Read everything about one customer."""

    async def get(self, name: str) -> str | None:
        """Read one kept value."""

    @property
    def broadcasts(self) -> Waits:
        """The keeper of what waits to be said to many."""


class OpenHouse(Protocol):
    """A house whose store is open and whose workers stand still."""

    @property
    def store(self) -> Register:
        """What is kept."""

    @property
    def turns(self) -> Inviting:
        """What people decide, each as a turn."""

    @property
    def terms(self) -> Terms:
        """The terms in force and those that customers are pinned to."""

    @property
    def keys(self) -> Keys:
        """What needs SECRET_KEY."""

    @property
    def estimate(self) -> Estimate:
        """What invitations will take."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Tell the time."""


@dataclass(frozen=True, slots=True)
class Doors:
    """How commands get into the house; bot/app.py builds the real one."""

    open_house: Callable[[Settings], AbstractAsyncContextManager[OpenHouse]]
    serve: Callable[[Settings, str], Coroutine[object, object, None]]


def opened(path: Path) -> BinaryIO:
    """Open a file that somebody named. Raises RefusedError if that cannot be."""
    try:
        return path.open("rb")
    except OSError as error:
        raise RefusedError(f"{path}: {error.strerror}") from None


async def find(store: Register, text: str) -> Dossier:
    """Find a customer by number or by any address, spelled in any usual way.

    Raises RefusedError if nobody is known there.
    """
    number: str | None = text.strip()
    dossier = await store.dossier(text.strip())
    if dossier is None:
        try:
            number = await store.customer_at(address(text))
        except UnusableAddressError as reason:
            raise RefusedError(
                f"{text}: no customer has this number, and as a phone it {reason}"
            ) from None
        dossier = await store.dossier(number) if number else None
    if dossier is None:
        raise RefusedError(f"{text}: nobody is known at this address")
    return dossier
