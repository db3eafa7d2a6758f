"""A house with a cinema: the pages of the film over the real store, and one film that is drawn."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette

from bot.film.desk import FilmDesk
from bot.film.films import Films, Invoices
from bot.film.reels import Reels
from bot.film.viewings import TurnedViewings
from bot.turns.guesses import Guesses
from bot.web.film import routes
from bot.web.pages import statics
from flows.campaign import Campaign
from messages.film.invoice import Invoice
from tests.bot.programme_house import HandClock, ProgrammeHouse, programme_house
from tests.cast import ALICE, BABAK, TERMS
from tests.messages.film.bills import IN_CREDIT

TOKENS = {"alices-token-of-22-char": ALICE.number, "babaks-token-of-22-cha": BABAK.number}
ALICES, BABAKS = (f"/p/{token}" for token in TOKENS)


@dataclass(slots=True)
class Guests:
    """Who comes with which token; counts how often it is asked."""

    tokens: dict[str, str] = field(default_factory=lambda: dict(TOKENS))
    asked: int = 0

    async def by_token(self, token: str) -> str | None:
        self.asked += 1
        return self.tokens.get(token)


@dataclass(slots=True)
class Bills:
    """Who was billed what; counts how often it is asked."""

    of: dict[str, Invoice] = field(default_factory=dict)
    asked: int = 0

    async def invoice(self, customer: str) -> Invoice | None:
        self.asked += 1
        return self.of.get(customer)


@dataclass(frozen=True, slots=True)
class FilmHouse:
    """The programme, the films, and the pages as an app."""

    programme: ProgrammeHouse
    films: Films
    bills: Bills
    guests: Guests
    viewings: TurnedViewings
    app: Starlette


def with_bills() -> Bills:
    """Give Alice a short bill."""
    return Bills({ALICE.number: IN_CREDIT})


@asynccontextmanager
async def film_house(
    folder: Path,
    films: Path,
    bills: Bills | None = None,
    clock: HandClock | None = None,
    terms: Campaign = TERMS,
) -> AsyncIterator[FilmHouse]:
    """Open a house in which Alice and Babak are members."""
    bills = bills or with_bills()
    async with programme_house(folder, terms, clock=clock) as programme:
        for customer in (ALICE, BABAK):
            await programme.join(customer)
        invoices: Invoices = bills
        keys, now = programme.house.keys, programme.clock
        library = Films(films, keys, now, invoices)
        viewings = TurnedViewings(programme.store, programme.house, programme.poke)
        guests = Guests()
        desk = FilmDesk(
            visitors=guests,
            viewings=viewings,
            films=library,
            reels=Reels(keys, lambda: now().timestamp()),
            keys=keys,
            guesses=Guesses(keys),
            clock=now,
        )
        app = Starlette(routes=[*routes(desk), *statics()])
        try:
            yield FilmHouse(programme, library, bills, guests, viewings, app)
        finally:
            await library.orders.close()
