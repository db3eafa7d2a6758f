"""Spares a running bot what it would do without.

That is what libraries load only because it is installed, and looking too often for what nothing but
itself refers to.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Look at what is young after so many new objects, at the older after so many looks; Python's own
# (700, 10, 10) took a tenth of the CPU of an answer.
SELDOM = (10_000, 20, 20)


def sweep_seldom() -> None:
    """Leave alone from now on what the start has brought, and look at the rest less often.

    Nearly all that a turn leaves behind goes by itself. A look at everything took a tenth of a
    second, in which nobody was heard, and nearly all of it stays anyway.
    """
    gc.freeze()
    gc.set_threshold(*SELDOM)
    gc.enable()  # again, where the start did without


@contextmanager
def unswept() -> Iterator[None]:
    """Start without looking for garbage, which takes a sixth of it: what a start brings stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


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
