"""`customer --export` and `--erase`: everything held about one person, handed out or forgotten."""

from pathlib import Path
from typing import Protocol

from bot.commands.house import Register, find
from bot.commands.refusal import RefusedError
from bot.film.films import forget_films
from bot.keys import Keys
from bot.rights.data_rights import REMAINS, Act, DataRights

_FORMATS = (".zip", ".json")


class Archive(Protocol):
    """What these commands need of the house."""

    @property
    def store(self) -> Register:
        """What is kept."""

    @property
    def rights(self) -> DataRights:
        """Who hands out and forgets."""

    @property
    def keys(self) -> Keys:
        """What needs SECRET_KEY."""


async def export(house: Archive, address: str, file: Path) -> str:
    """Write everything held about a customer to a file; answers with a sentence.

    Raises RefusedError.
    """
    if file.suffix.lower() not in _FORMATS:
        raise RefusedError(f"--export {file}: must end in .zip or .json")
    number = await _number(house, address)
    held = await house.rights.export(number)
    if held is None:
        raise RefusedError(f"{address}: nobody is known at this address")
    content = held.as_zip() if file.suffix.lower() == ".zip" else held.as_json()
    _write(file, content)
    rows = sum(len(sheet.rows) for sheet in held.sheets)
    return f"{file} holds all {rows} rows about customer {number}."


def _write(file: Path, content: bytes) -> None:
    """Write what concerns nobody else: only we may read it."""
    try:
        file.touch(mode=0o600)
        file.write_bytes(content)
    except OSError as error:
        raise RefusedError(f"--export {file}: {error.strerror}") from None


async def erase(house: Archive, films: Path, address: str, act: Act) -> str:
    """Forget a customer, films included; says what stays, and why. Raises RefusedError."""
    number = await _number(house, address)
    forget_films(films, house.keys, number)
    if not await house.rights.erase(number, "manager", act):
        raise RefusedError(f"{address}: nobody is known at this address")
    stays = "\n".join(f"  {what}" for what in REMAINS)
    pseudonym = house.keys.pseudonym(number)
    return f"Customer {number} is erased. Under {pseudonym} there stay:\n{stays}"


async def _number(house: Archive, address: str) -> str:
    dossier = await find(house.store, address)
    if dossier.memory.customer is None:
        raise RefusedError(f"{address}: nobody is known at this address")
    return dossier.memory.customer.number
