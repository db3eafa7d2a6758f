"""The house is what every turn needs and no turn changes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.keys import Keys
from bot.terms import Terms
from bot.turns.routing import Lanes
from messages.wording import Wordbook


@dataclass(slots=True)
class BotName:
    """The bot's user name in Telegram; None if that is off or has not told it yet."""

    value: str | None = None


@dataclass(frozen=True, slots=True)
class House:
    """What every turn needs and no turn changes."""

    terms: Terms
    wordbook: Wordbook
    lanes: Lanes
    keys: Keys
    clock: Callable[[], datetime]
    public_url: str = ""
    telegram_bot: BotName = field(default_factory=BotName)
    keepsakes: list[Callable[[str], None]] = field(default_factory=list)

    def forgotten(self, customer: str) -> None:
        """Tell whoever keeps something about customers beside the store that one is forgotten."""
        for forget in self.keepsakes:
            forget(customer)
