"""Hosting: the customers' pages put together over the premises."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.routing import BaseRoute

from bot.carrier.tmf654 import Tmf654
from bot.film.bills import CustomersBills
from bot.film.desk import FilmDesk
from bot.film.films import Films
from bot.film.reels import Reels
from bot.film.viewings import TurnedViewings
from bot.premises import Premises, file_beside
from bot.settings import Settings
from bot.turns.guesses import Guesses
from bot.turns.visits import TurnedVisits
from bot.web.data_rights import DataDesk
from bot.web.film import routes as film_routes
from bot.web.pages import elsewhere, statics
from bot.web.programme import PageDesk
from bot.web.programme import routes as page_routes
from flows.campaign import Campaign
from messages.film.texts import spoken

SETTLED_S, HOUR_S = 45.0, 3600.0


@dataclass(frozen=True, slots=True)
class CustomersPages:
    """Everything that a personal link leads to."""

    routes: Sequence[BaseRoute]
    films: Films
    terms: Campaign

    async def look_after_films(self, stop: asyncio.Event) -> None:
        """Have the general film drawn before anybody asks for it; let go of unused ones each hour.

        It begins when the start has settled.
        """
        if self.terms.operator.film_url:
            return
        await _pause(stop, SETTLED_S)
        if not stop.is_set():
            self._draw_ahead()
        while not stop.is_set():
            self.films.drop_unused()
            await _pause(stop, HOUR_S)

    def _draw_ahead(self) -> None:
        general = self.films.general(self.terms)
        for language in self.terms.messages.languages:
            self.films.prepare(general, spoken(language))

    async def close(self) -> None:
        """Break off the films that are being drawn."""
        await self.films.orders.close()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def open_pages(settings: Settings, premises: Premises, carrier: Tmf654 | None) -> CustomersPages:
    """Put the pages together; where no bill can be had the film is the general one."""
    store, house, ring = premises.store, premises.house, premises.bell.ring
    bills = CustomersBills(store, carrier, premises.terms.current.zone) if carrier else None
    films = Films(file_beside(settings, "films"), premises.keys, premises.clock, bills)
    house.keepsakes.append(films.forget)
    visits, guesses = TurnedVisits(store, house, ring), Guesses(premises.keys)
    viewings = TurnedViewings(store, house, ring)
    film = FilmDesk(
        visitors=viewings,
        viewings=viewings,
        films=films,
        reels=Reels(premises.keys),
        keys=premises.keys,
        guesses=guesses,
        clock=premises.clock,
    )
    data = DataDesk(premises.codes, premises.rights)
    page = PageDesk(visits, store, data, premises.keys, guesses)
    routes = (*page_routes(page), *film_routes(film), *elsewhere(), *statics())
    return CustomersPages(routes, films, premises.terms.current)
