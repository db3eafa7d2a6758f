"""A listener that writes down what channels hear, each message once, as the inbox makes it."""

from dataclasses import dataclass, field

from bot.channels.channel import Inbound, Reachability
from storage.errors import StorageError


@dataclass(slots=True)
class Notebook:
    """Notes what was heard; `cannot_store` counts how many of the next turns fail to commit."""

    heard_ones: list[Inbound] = field(default_factory=list)
    changes: list[Reachability] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)  # (provider's id, reason)
    repeats: int = 0
    cannot_store: int = 0
    broken_by: str | None = None  # a text that no turn survives
    _seen: set[tuple[str, str]] = field(default_factory=set)

    @property
    def texts(self) -> list[str]:
        """What was written, in the order of the turns."""
        return [inbound.text for inbound in self.heard_ones]

    async def heard(self, inbound: Inbound) -> None:
        """Note a message or a tap."""
        if self.broken_by is not None and inbound.text == self.broken_by:
            raise ValueError(inbound.text)
        if self._is_new(inbound.source, inbound.provider_id):
            self.heard_ones.append(inbound)

    async def reached(self, change: Reachability) -> None:
        """Note that somebody blocked us, or took us back."""
        if self._is_new(change.source, change.provider_id):
            self.changes.append(change)

    async def undecodable(self, source: str, provider_id: str, body: bytes, reason: str) -> None:
        """Note what nobody can read."""
        if self._is_new(source, provider_id):
            self.unreadable.append((provider_id, reason))

    def _is_new(self, source: str, provider_id: str) -> bool:
        if self.cannot_store > 0:
            self.cannot_store -= 1
            raise StorageError
        is_new = (source, provider_id) not in self._seen
        self._seen.add((source, provider_id))
        self.repeats += not is_new
        return is_new
