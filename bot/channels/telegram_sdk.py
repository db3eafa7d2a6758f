"""Loads python-telegram-bot without what it would load for nothing; import this before it.

Its code for Telegram Passport takes `cryptography` if it is installed: 8 MiB of a running bot.
"""

import sys

_UNUSED = "cryptography.hazmat.backends"

if "telegram" not in sys.modules and _UNUSED not in sys.modules:
    # None makes an import fail as if nothing were installed, and python-telegram-bot does without.
    sys.modules[_UNUSED] = None  # type: ignore[assignment]
    try:
        import telegram  # noqa: F401 - for what it brings into sys.modules
    finally:
        del sys.modules[_UNUSED]
