"""Personal links: what a text leads one customer to, minted when a macro really writes it.

What is stored must open nothing to whoever reads the database. So a stored text holds a seed, in a
place that is spelt in capitals (`/P/SEED`), and the token that follows from it by our key is put in
when the text leaves (`/p/TOKEN`); both are equally long, as an SMS is priced when it is stored.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.keys import Keys
from bot.turns.house import House
from flows.campaign import Operator
from flows.customer import Channel, Customer
from storage.changes import Change, MintLink
from storage.memory import Link

LINK_LIFE = timedelta(days=30)
TELEGRAM_LINK = "telegram"
UNSUBSCRIBE_LINK = "unsubscribe"
UNSUBSCRIBE_LIFE = timedelta(days=3 * 365)  # somebody may find an old mail
PAGE_LINK = "page"
PAGE_LIFE = timedelta(days=120)  # longer than anybody can stay away and still take part
_SEEDED = re.compile(r"(/P/|/U/|\?Start=)([\w-]{22})(?![\w-])")
ONLY_PAGE_LIFE = timedelta(days=400)  # who has no chat cannot write LINK for a new one


@dataclass(slots=True)
class PersonalLinks:
    """The links that a macro may use; one is minted when it is really written."""

    house: House
    customer: Customer
    now: datetime
    minted: list[Change] = field(default_factory=list)
    _page: str | None = None

    @property
    def telegram(self) -> str | None:
        """Give the single-use deep link into Telegram; None if it is off or linked already."""
        bot = self.house.telegram_bot.value
        linked = any(c.address.channel is Channel.TELEGRAM for c in self.customer.contacts)
        if bot is None or linked:
            return None
        return f"https://t.me/{bot}?Start={self._mint(TELEGRAM_LINK, LINK_LIFE)}"

    @property
    def unsubscribe(self) -> str:
        """Give the one-click way out of all messages."""
        return f"{self.house.public_url}/U/{self._mint(UNSUBSCRIBE_LINK, UNSUBSCRIBE_LIFE)}"

    @property
    def page(self) -> str | None:
        """Give the customer's programme page; None where nothing is served to the public.

        Page, film and app of one text share a token.
        """
        if self._page is None and self.house.public_url:
            only = {c.address.channel for c in self.customer.contacts} <= {Channel.EMAIL}
            seed = self._mint(PAGE_LINK, ONLY_PAGE_LIFE if only else PAGE_LIFE)
            self._page = f"{self.house.public_url}/P/{seed}"
        return self._page

    @property
    def film(self) -> str:
        """Give the place of the film: the operator's own, or the one on the customer's page."""
        if self._operator.film_url:
            return self._operator.film_url
        return f"{self.page}/film" if self.page else self.portal

    @property
    def app(self) -> str:
        """Give the place that leads to the app, whatever the device."""
        return f"{self.page}/app" if self.page else self._operator.app_url

    @property
    def portal(self) -> str:
        """Give the place of the portal."""
        return self._operator.portal_url

    @property
    def _operator(self) -> Operator:
        return self.house.terms.current.operator

    def _mint(self, purpose: str, life: timedelta) -> str:
        seed, keys = self.house.keys.fresh(), self.house.keys
        link = Link(self.customer.number, purpose, self.now + life, None)
        self.minted.append(MintLink(keys.of_link(keys.token_of(seed)), link))
        return seed


def revealed(text: str, keys: Keys) -> str:
    """Put the tokens into a stored text that leaves, or is shown to whom it belongs."""
    return _SEEDED.sub(lambda found: found[1].lower() + keys.token_of(found[2]), text)
