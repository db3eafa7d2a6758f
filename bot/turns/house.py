"""The house is what every turn needs and no turn changes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.keys import Keys
from bot.terms import Terms
from bot.turns.routing import Lanes
from messages.wording import Wordbook


@dataclass(frozen=True, slots=True)
class House:
    """What every turn needs and no turn changes."""

    terms: Terms
    wordbook: Wordbook
    lanes: Lanes
    keys: Keys
    clock: Callable[[], datetime]
    public_url: str = ""
    telegram_bot: str | None = None  # the bot's user name, None if Telegram is off
    keepsakes: list[Callable[[str], None]] = field(default_factory=list)

    def forgotten(self, customer: str) -> None:
        """Tell whoever keeps something about customers beside the store that one is forgotten."""
        for forget in self.keepsakes:
            forget(customer)
