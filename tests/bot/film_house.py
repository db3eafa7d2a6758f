"""A house with a cinema: the pages of the film over the real store, and one film that is drawn."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from starlette.applications import Starlette

from bot.film.desk import FilmDesk, Viewer
from bot.film.films import Films, Invoices
from bot.film.reels import Reels
from bot.film.viewings import TurnedViewings
from bot.turns.guesses import Guesses
from bot.turns.personal_links import PAGE_LINK
from bot.web.film import routes
from bot.web.pages import statics
from flows.campaign import Campaign
from messages.film.invoice import Invoice
from storage.changes import Decision, MintLink
from storage.memory import Key, Link
from tests.bot.programme_house import HandClock, ProgrammeHouse, programme_house
from tests.cast import ALICE, BABAK, TERMS
from tests.messages.film.bills import IN_CREDIT

TOKENS = {"alices-token-of-22-char": ALICE.number, "babaks-token-of-22-cha": BABAK.number}
ALICES, BABAKS = (f"/p/{token}" for token in TOKENS)


@dataclass(slots=True)
class Guests:
    """Who comes with which token; counts how often it is asked."""

    viewings: TurnedViewings
    tokens: dict[str, str] = field(default_factory=lambda: dict(TOKENS))
    asked: int = 0

    async def by_token(self, token: str) -> Viewer | None:
        self.asked += 1
        customer = self.tokens.get(token)
        return await viewer_of(self.viewings, customer) if customer else None


async def viewer_of(viewings: TurnedViewings, customer: str) -> Viewer | None:
    """Let a customer in, by a link of their own."""
    house, keys = viewings.house, viewings.house.keys
    seed = keys.fresh()
    link = Link(customer, PAGE_LINK, house.clock() + timedelta(minutes=1), None)
    minted = MintLink(keys.of_link(keys.token_of(seed)), link)
    await viewings.store.turn(Key(), lambda _: Decision(None, (minted,)))
    return await viewings.by_token(keys.token_of(seed))


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
        guests = Guests(viewings)
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
