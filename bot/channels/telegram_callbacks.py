"""What a button carries, written below a message and read back when somebody taps it."""

from bot.channels.channel import Choice
from flows.intent import Intent

_VERSION = "v1"
_COMMAND = "m1:"  # a manager's button; who taps it is checked where it is obeyed


def callback_of(choice: Choice) -> str | None:
    """Write what a button means; None for one that means nothing by itself."""
    if choice.command is not None:
        return f"{_COMMAND}{choice.command}"
    if choice.intent is None:
        return None
    return ":".join(filter(None, (_VERSION, choice.intent.value, choice.scene or choice.topic)))


def meant_by(data: str) -> tuple[Intent | None, str | None]:
    """Read a button and its scene or topic; a forged, foreign or older one means nothing."""
    version, _, meant = data.partition(":")
    name, _, scene = meant.partition(":")
    if version != _VERSION:
        return None, None
    try:
        return Intent(name), scene or None
    except ValueError:
        return None, None


def commanded(data: str) -> str | None:
    """Read a manager's button."""
    return data.removeprefix(_COMMAND) if data.startswith(_COMMAND) else None
