"""`returned`: takes a mail that came back, as the operator's mail server hands it over."""

import sys
from pathlib import Path
from typing import Protocol

from bot.channels.channel import Fault
from bot.channels.email_returns import Bounced, Unwanted, read_returned
from bot.commands.refusal import RefusedError

MOST_BYTES = 1_000_000  # what says how it ended stands at the front


class Returns(Protocol):
    """Who acts on what came back."""

    async def unsubscribed(self, token: str) -> None:
        """Take a STOP on all channels."""

    async def bounced(self, token: str) -> bool:
        """Close the mailbox; False if the token is none of ours."""


def read(file: Path) -> bytes:
    """Read a mail from a file, or from stdin (`-`). Raises RefusedError."""
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(MOST_BYTES)
        with file.open("rb") as mail:
            return mail.read(MOST_BYTES)
    except OSError as error:
        raise RefusedError(f"{file}: {error.strerror}") from None


async def take(returns: Returns, raw: bytes, to: str) -> str:
    """Act on one mail, and say what came of it."""
    match read_returned(raw, to):
        case None:
            return "Nothing of ours: neither a bounce nor a wish to unsubscribe."
        case Unwanted(token):
            await returns.unsubscribed(token)
            return "Whoever this letter went to gets no more messages."
        case Bounced(token, Fault.ADDRESS, status):
            is_known = await returns.bounced(token)
            closed = "the mailbox is closed to us" if is_known else "no letter is known by it"
            return f"Bounced for good ({status}): {closed}."
        case Bounced(_, fault, status):
            return f"Bounced ({status}, {fault}): the mailbox stays open."
