"""Starts the bot as its users do, as a process of its own, and speaks to it from outside."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

COMMAND = Path(sys.executable).with_name("statthotline")
STARTS_WITHIN_S = 60
ANSWERS_WITHIN_S = 120


def free_port() -> int:
    """Find a port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Give the settings of a bot that keeps its things in a folder, and nothing of ours."""
    return {
        "PATH": os.defpath,
        "DATABASE_URL": f"sqlite:///{folder}/bot.db",
        "HOST": "127.0.0.1",
        **settings,
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door answered."""

    status: int
    body: bytes

    @property
    def json(self) -> object:
        """Read the body."""
        value: object = json.loads(self.body)
        return value


def ask(
    url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, method: str = ""
) -> Answer:
    """Ask over HTTP; a refusal is an answer like any other."""
    request = Request(url, body, dict(headers or {}))  # noqa: S310 - to this machine
    if method:
        request.method = method
    try:
        with urlopen(request, timeout=ANSWERS_WITHIN_S) as answer:  # noqa: S310 - to this machine
            return Answer(answer.status, answer.read())
    except HTTPError as refused:
        return Answer(refused.code, refused.read())


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until somebody answers there."""
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        assert process.poll() is None, "the bot has ended by itself"
        try:
            if ask(url).status == 200:
                return
        except URLError:
            time.sleep(0.05)
    raise AssertionError(f"nobody answers at {url}")


@contextmanager
def running(command: list[str], env: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Run a bot that serves, and end it as a service would; gives its address."""
    url = f"http://127.0.0.1:{env['PORT']}"
    told = (folder / "told.txt").open("ab")
    process = subprocess.Popen(command, cwd=folder, env=dict(env), stdout=told, stderr=told)  # noqa: S603
    try:
        wait_for(f"{url}/health/ready", process)
        yield url
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, "the bot did not end in good order"
    finally:
        process.kill()
        process.wait()
        told.close()
