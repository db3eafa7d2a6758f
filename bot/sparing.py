"""Spares a running bot what libraries load if they find it installed, and would do without."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Import something as if these were not installed, unless they are loaded already."""
    hidden = [name for name in packages if name not in sys.modules]
    # None makes an import fail as if nothing were there.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
