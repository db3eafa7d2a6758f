"""The easel draws one funnel; it runs as a process of its own and then ends.

`python -P -m bot.office.easel` reads a funnel as JSON on its standard input and writes a PNG to its
standard output. So the bot never carries the memory of what draws.
"""

import sys

import msgspec

from messages.funnel_drawing import draw
from messages.funnels import Funnel


def main() -> None:
    """Draw what standard input describes."""
    funnel = msgspec.json.decode(sys.stdin.buffer.read(), type=Funnel)
    sys.stdout.buffer.write(draw(funnel))


if __name__ == "__main__":
    main()
