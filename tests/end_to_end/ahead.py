"""Runs the bot's command ahead of time: `python -m tests.end_to_end.ahead SECONDS serve`.

Invitations wait for working hours, and tests do not. Everything else is the command as it is.
"""

import sys
from datetime import datetime, timedelta

from bot import app, cli


def main() -> None:
    """Set the machine's clock ahead for this process, then run the command."""
    ahead, now = timedelta(seconds=float(sys.argv[1])), app.now

    def later() -> datetime:
        return now() + ahead

    vars(app)["now"] = later
    cli.main(sys.argv[2:])


if __name__ == "__main__":
    main()
