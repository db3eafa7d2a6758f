"""What the answers in the managers' chat are made of: buttons, bars, and pages of facts."""

from html import escape

from bot.channels.channel import Choice

_WIDTH = 10


def tap(label: str, act: str, about: str = "") -> Choice:
    """Make a button that commands an act."""
    return Choice(label, command=f"{act}:{about}")


def bar(part: int, whole: int, width: int = _WIDTH) -> str:
    """Draw a share as a bar."""
    done = round(width * part / whole) if whole else 0
    return "▰" * done + "▱" * (width - done)


def page(title: str, *lines: str) -> str:
    """Put lines below a title; empty ones are left out, and what others wrote is escaped."""
    shown = [escape(line) for line in lines if line]
    return "\n".join([f"<b>{escape(title)}</b>", *shown])
