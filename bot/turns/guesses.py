"""Guesses: who tries tokens that lead nowhere, too many in a minute, has to wait.

A token cannot be guessed anyway (2^128); this keeps the trying from costing us anything. Each node
counts for itself, by keyed hashes in memory. Many phones share an address of their network, so
whoever came in lately still comes in while a neighbour guesses.
"""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.keys import Keys

WINDOW_S = 60.0
MOST_WRONG = 30  # in a window, by one client
_MOST_CLIENTS, _MOST_KNOWN = 20_000, 20_000
_HOME = 64  # bits: an IPv6 customer has at least so large a network to draw addresses from


@dataclass(slots=True)
class Guesses:
    """Counts wrong tokens by client."""

    keys: Keys
    monotonic: Callable[[], float] = time.monotonic
    _wrong: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict)
    _known: OrderedDict[bytes, None] = field(default_factory=OrderedDict)

    def may_try(self, client: str, token: str) -> bool:
        """Tell whether a client's token is looked up at all."""
        _, wrong = self._counted(self._name(client))
        return wrong < MOST_WRONG or self.keys.of_link(token) in self._known

    def was_right(self, token: str) -> None:
        """Remember a token that led somewhere."""
        keyed = self.keys.of_link(token)
        self._known[keyed] = None
        self._known.move_to_end(keyed)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)

    def was_wrong(self, client: str, token: str) -> None:
        """Count one that did not, any more."""
        self._known.pop(self.keys.of_link(token), None)
        name = self._name(client)
        began, wrong = self._counted(name)
        self._wrong[name] = (began, wrong + 1)
        while len(self._wrong) > _MOST_CLIENTS:
            self._wrong.popitem(last=False)

    def _counted(self, name: str) -> tuple[float, int]:
        """Give when a client's window began, and its count; a window that is over begins anew."""
        now = self.monotonic()
        began, wrong = self._wrong.get(name, (now, 0))
        return (began, wrong) if now - began < WINDOW_S else (now, 0)

    def _name(self, client: str) -> str:
        return self.keys.seal("client", _network(client))


def _network(client: str) -> str:
    """Give the network from which a client may draw addresses as it likes."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if address.version == 4:  # noqa: PLR2004 - the version of the protocol
        return client
    return str(ipaddress.ip_network((client, _HOME), strict=False))
