"""Runs the bot's command ahead of time: `python -m tests.end_to_end.ahead SECONDS serve`.

Invitations wait for working hours, and tests do not. A file named `jump` in the bot's folder moves
its clock by so many seconds more, while it runs. Everything else is the command as it is.
"""

import sys
from datetime import datetime, timedelta
from pathlib import Path

from bot import app, cli

JUMP = Path("jump")


def main() -> None:
    """Set the machine's clock ahead for this process, then run the command."""
    ahead, now = timedelta(seconds=float(sys.argv[1])), app.now

    def later() -> datetime:
        jump = float(JUMP.read_text()) if JUMP.exists() else 0.0
        return now() + ahead + timedelta(seconds=jump)

    vars(app)["now"] = later
    cli.main(sys.argv[2:])


if __name__ == "__main__":
    main()
