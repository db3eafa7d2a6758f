"""The versions of the terms: whoever consented to one stays on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from bot.campaigns import fingerprint
from flows.campaign import Campaign
from flows.journey import Journey

_NAME = "terms"


class ChangedTermsError(Exception):
    """The campaign file was changed, but its version was not."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms in force now, and those that some customers are pinned to."""

    current: Campaign
    earlier: Mapping[str, Campaign]

    def of(self, journey: Journey | None) -> Campaign:
        """Give the terms that hold for a journey."""
        if journey is None or journey.consent is None:
            return self.current
        return self.version(journey.consent.version)

    def shown(self, journey: Journey | None) -> Campaign:
        """Give the terms that hold for a journey, with the operator's names and links of today."""
        return replace(self.of(journey), operator=self.current.operator)

    def version(self, version: str) -> Campaign:
        """Give one version; the current one for a version nobody knows."""
        return self.earlier.get(version, self.current)


class Kept(Protocol):
    """Small values kept between starts; the store is one."""

    async def get(self, name: str) -> str | None:
        """Read one kept value."""

    async def put(self, name: str, value: str) -> None:
        """Keep one value."""


async def keep_terms(kept: Kept, current: Campaign) -> Terms:
    """Keep the terms in force under their version, and read back the earlier ones.

    Raises ChangedTermsError if this version was kept with other terms: somebody has consented to
    those.
    """
    earlier = await _read_versions(kept)
    known = earlier.get(current.version)
    if known is not None and fingerprint(known) != fingerprint(current):
        raise ChangedTermsError(
            f"version {current.version!r}: the terms differ from those kept under this version; "
            "give the campaign file a new version"
        )
    earlier[current.version] = current
    encoded = {version: _encode(terms) for version, terms in earlier.items()}
    await kept.put(_NAME, msgspec.json.encode(encoded).decode())
    return Terms(current, earlier)


async def read_terms(kept: Kept, current: Campaign) -> Terms:
    """Read the kept versions and change nothing."""
    return Terms(current, await _read_versions(kept))


async def _read_versions(kept: Kept) -> dict[str, Campaign]:
    text = await kept.get(_NAME)
    if text is None:
        return {}
    texts = msgspec.json.decode(text, type=dict[str, str])
    return {version: msgspec.json.decode(t, type=Campaign) for version, t in texts.items()}


def _encode(terms: Campaign) -> str:
    return msgspec.json.encode(terms).decode()
