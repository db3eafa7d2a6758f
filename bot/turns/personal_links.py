"""Personal links: what a text leads one customer to, minted when a macro really writes it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.turns.house import House
from flows.customer import Channel, Customer
from storage.changes import Change, MintLink
from storage.memory import Link

LINK_LIFE = timedelta(days=30)
TELEGRAM_LINK = "telegram"
UNSUBSCRIBE_LINK = "unsubscribe"
UNSUBSCRIBE_LIFE = timedelta(days=3 * 365)  # somebody may find an old mail


@dataclass(slots=True)
class PersonalLinks:
    """The links that a macro may use; a token is minted when one is really written."""

    house: House
    customer: Customer
    now: datetime
    minted: list[Change] = field(default_factory=list)

    @property
    def telegram(self) -> str | None:
        """Give the single-use deep link into Telegram; None if it is off or linked already."""
        bot = self.house.telegram_bot
        linked = any(c.address.channel is Channel.TELEGRAM for c in self.customer.contacts)
        if bot is None or linked:
            return None
        return f"https://t.me/{bot}?start={self._mint(TELEGRAM_LINK, LINK_LIFE)}"

    @property
    def unsubscribe(self) -> str:
        """Give the one-click way out of all messages."""
        return f"{self.house.public_url}/u/{self._mint(UNSUBSCRIBE_LINK, UNSUBSCRIBE_LIFE)}"

    def _mint(self, purpose: str, life: timedelta) -> str:
        token = self.house.keys.fresh()
        link = Link(self.customer.number, purpose, self.now + life, None)
        self.minted.append(MintLink(self.house.keys.of_link(token), link))
        return token

    @property
    def page(self) -> str | None:
        """Give the customer's programme page; None until there is one."""
        return None

    @property
    def film(self) -> str:
        """Give the place of the film."""
        return self.house.terms.current.operator.film_url

    @property
    def app(self) -> str:
        """Give the place of the app."""
        return self.house.terms.current.operator.app_url

    @property
    def portal(self) -> str:
        """Give the place of the portal."""
        return self.house.terms.current.operator.portal_url
