"""Loads structlog without what it would load for nothing; import this before it.

Its console takes `rich` for traces in colour if it is installed. Ours are plain.
"""

import sys

from bot.sparing import without

if "structlog" not in sys.modules:
    with without("rich"):
        import structlog  # noqa: F401 - for what it brings into sys.modules
