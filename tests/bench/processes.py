"""The two processes beside the one that is measured: the provider's side, and who calls us."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec

from tests.bench.load import Hit, Order
from tests.bench.loopback import Seen
from tests.bench.measuring import expect

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Provider:
    """The loopback provider, seen from here."""

    origin: str

    async def seen(self) -> list[Seen]:
        """Read everything that came in."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.origin}/seen") as told:
            return msgspec.json.decode(await told.read(), type=list[Seen])


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """Run a provider in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.loopback", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        yield Provider(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        await process.communicate()


async def fire(order: Order, status: int = 200) -> list[Hit]:
    """Let a process of its own call us; raises WrongRowsError if an answer has another status."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.load",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(msgspec.msgpack.encode(order))
    expect(process.returncode, 0, "the load's exit")
    hits = msgspec.msgpack.decode(out, type=list[Hit])
    expect({hit.status for hit in hits}, {status}, "answers to the load")
    return hits


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def copied(prepared: Path, folder: Path) -> Path:
    """Start from what was prepared, on the disk and not on its way there; gives the database."""
    shutil.copytree(prepared, folder, dirs_exist_ok=True)
    for path in filter(Path.is_file, folder.rglob("*")):
        with path.open("rb") as copy:
            os.fsync(copy.fileno())
    return folder / "bot.db"
