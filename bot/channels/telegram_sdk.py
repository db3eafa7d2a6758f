"""Loads python-telegram-bot without what it would load for nothing; import this before it.

Its code for Telegram Passport takes `cryptography` if it is installed: 8 MiB of a running bot. Its
stock client brings a command line, with `rich`.
"""

import sys

from bot.sparing import without

if "telegram" not in sys.modules:
    with without("cryptography.hazmat.backends", "rich"):
        import telegram  # noqa: F401 - for what it brings into sys.modules
