"""What a start takes until the first webhook is answered, what an idle bot holds, and an update.

python -m tests.bench.starting --rounds 5
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from rich.console import Console

from bot.channels.channel import Inbound, Reachability
from bot.channels.telegram_intake import hand_over
from bot.channels.telegram_updates import read_update
from tests.bench.inbound import PATH, PUBLIC_URL
from tests.cast import NOON
from tests.end_to_end.process import COMMAND, environment, free_port
from tests.fakes.telegram import TOKEN as BOT_TOKEN
from tests.fakes.twilio import FakeTwilio
from tests.fakes.twilio_payloads import SERVICE, SID, TOKEN, sign

SETTLES_S = 3.0
UPDATES = 2000
NOWHERE = "http://127.0.0.1:9"  # the port of "discard": both providers are out of reach
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds of wall and of CPU until the first answer, and the MiB of an idle bot."""

    wall_s: float
    cpu_s: float
    resident: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.starting")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    console = Console()
    with tempfile.TemporaryDirectory(prefix="starting-") as folder:
        starts = [_started(Path(folder)) for _ in range(rounds)]
    console.print(_told("first webhook answered after, s", [s.wall_s for s in starts]))
    console.print(_told("… of it CPU, s", [s.cpu_s for s in starts]))
    console.print(_told("resident when idle, MiB", [s.resident for s in starts]))
    updates = [asyncio.run(_update_us()) for _ in range(rounds)]
    console.print(_told("decode and route an update, µs CPU", updates))


def _told(what: str, values: Sequence[float]) -> str:
    least, most = min(values), max(values)
    return f"{what:36} {statistics.median(values):8.2f}   ({least:.2f} to {most:.2f})"


def _started(folder: Path) -> Start:
    """Start a bot with both channels, and let a customer write as soon as somebody listens."""
    port, began = free_port(), time.monotonic()
    with _bot(folder, port) as process:
        while not _answers(_message(port)):
            assert process.poll() is None, "the bot has ended by itself"
            time.sleep(0.005)
        wall_s, cpu_s = time.monotonic() - began, _cpu_s(process.pid)
        time.sleep(SETTLES_S)
        return Start(wall_s, cpu_s, _resident(process.pid))


@contextmanager
def _bot(folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    env = environment(
        folder,
        PORT=str(port),
        PUBLIC_URL=PUBLIC_URL,
        SECRET_KEY="of this measurement and no other",  # noqa: S106
        TWILIO_ACCOUNT_SID=SID,
        TWILIO_AUTH_TOKEN=TOKEN,
        TWILIO_MESSAGING_SERVICE_SID=SERVICE,
        TWILIO_API_BASE_URL=NOWHERE,
        TELEGRAM_BOT_TOKEN=BOT_TOKEN,
        TELEGRAM_MODE="webhook",
        TELEGRAM_WEBHOOK_SECRET="known-to-both-of-us",  # noqa: S106
        TELEGRAM_API_BASE_URL=NOWHERE,
    )
    with (folder / "told.txt").open("ab") as told:
        command = [str(COMMAND), "serve"]
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=told, stderr=told)  # noqa: S603
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def _message(port: int) -> Request:
    form = FakeTwilio(lambda: NOON).write("+491713920011", "STATUS").form
    headers = {"X-Twilio-Signature": sign(PUBLIC_URL + PATH, form)}
    return Request(f"http://127.0.0.1:{port}{PATH}", urlencode(form).encode(), headers)


def _answers(request: Request) -> bool:
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - to this machine
            return bool(answer.status == 200)
    except URLError:
        return False


def _cpu_s(pid: int) -> float:
    """Read the CPU of a process so far; the name in the second field may hold blanks."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


# --- An update ------------------------------------------------------------------------------------


class _Nobody:
    """Answers nothing."""

    async def heard(self, inbound: Inbound) -> None:
        """Pass over it."""

    async def reached(self, change: Reachability) -> None:
        """Pass over it."""

    async def undecodable(self, source: str, provider_id: str, body: bytes, reason: str) -> None:
        raise AssertionError("all are readable")


async def _update_us() -> float:
    who = {"id": 700002, "is_bot": False, "first_name": "Babak", "language_code": "de"}
    chat = {"id": 700002, "type": "private", "first_name": "Babak"}
    message = {"message_id": 1, "date": 1796122800, "chat": chat, "from": who, "text": "STATUS"}
    body, nobody = json.dumps({"update_id": 1, "message": message}).encode(), _Nobody()
    began = time.process_time()
    for _ in range(UPDATES):
        await hand_over(read_update(body, NOON), body, nobody)
    return (time.process_time() - began) / UPDATES * 1e6


if __name__ == "__main__":
    main()
