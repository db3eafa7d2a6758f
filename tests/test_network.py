"""The network that tests may use ends at this machine."""

import asyncio
import socket

import pytest

from tests import network
from tests.network import BeyondThisMachine

SOMEWHERE = ("192.0.2.1", 9)  # set aside for documentation, RFC 5737


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def test_no_test_reaches_beyond_this_machine(kind: socket.SocketKind) -> None:
    with socket.socket(type=kind) as outward, pytest.raises(BeyondThisMachine):
        outward.connect(SOMEWHERE)

    assert network.attempts.pop() == "socket.connect 192.0.2.1"


async def test_asyncio_is_stopped_too() -> None:
    with pytest.raises(BeyondThisMachine):
        await asyncio.open_connection(*SOMEWHERE)

    assert network.attempts.pop() == "socket.connect 192.0.2.1"


def test_no_foreign_name_is_looked_up() -> None:
    with pytest.raises(BeyondThisMachine):
        socket.getaddrinfo("somewhere.example", 443)

    assert network.attempts.pop() == "socket.getaddrinfo somewhere.example"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_this_machine_can_be_reached(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        visitor = socket.create_connection((host, server.getsockname()[1]))
        visitor.close()
