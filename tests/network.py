"""The network of tests ends at this machine: whoever reaches beyond it is stopped and named.

Python's own sockets are seen, also in threads and under asyncio; uvloop and subprocesses are not.
"""

import ipaddress
import socket
import sys

REACHING = {"socket.connect", "socket.sendto", "socket.sendmsg"}
RESOLVING = {"socket.getaddrinfo", "socket.gethostbyname"}
LOCAL_NAMES = {"", "localhost", "ip6-localhost", socket.gethostname()}

attempts: list[str] = []


class BeyondThisMachine(Exception):
    """A test may only use the network of this machine."""


def is_local(host: str) -> bool:
    """Tell whether a name or number stands for this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host in LOCAL_NAMES
    return address.is_loopback or address.is_unspecified


def host_in(event: str, arguments: tuple[object, ...]) -> str:
    """Read the host that an audit event is about; empty where none is."""
    if event in RESOLVING:
        host = arguments[0]
    else:
        address = arguments[1]  # a path for unix sockets, else a tuple that begins with the host
        host = address[0] if isinstance(address, tuple) else ""
    if isinstance(host, bytes):
        return host.decode()
    return host if isinstance(host, str) else ""


def guard(event: str, arguments: tuple[object, ...]) -> None:
    """Stop what reaches beyond this machine; for `sys.addaudithook`."""
    if event not in REACHING and event not in RESOLVING:
        return
    host = host_in(event, arguments)
    if not is_local(host):
        attempts.append(f"{event} {host}")
        raise BeyondThisMachine(f"{event} {host}: tests may only use the network of this machine")


sys.addaudithook(guard)
