"""`python -m bot` is the same as `statthotline`."""

from bot.cli import main

main()
