"""A house with customers' pages: the premises, what personal links lead to, a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from re import findall, search

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette

from bot.hosting import CustomersPages, open_pages
from bot.settings import Settings
from bot.turns.personal_links import PersonalLinks, revealed
from flows.customer import Customer
from tests.bot.small_house import SmallHouse, small_house
from tests.cast import ALICE


@dataclass(frozen=True, slots=True)
class PageHouse:
    """The house, and a browser without JavaScript."""

    house: SmallHouse
    app: Starlette
    pages: CustomersPages
    browser: httpx.AsyncClient

    async def link(self, customer: Customer = ALICE) -> str:
        """Mint a link to somebody's page, as a text would; gives its path."""
        links = PersonalLinks(self.house.premises.house, customer, self.house.now)
        page = revealed(links.page or "", self.house.premises.keys)
        await self.house.change(*links.minted)
        return page[page.index("/p/") :]

    async def read(self, path: str) -> str:
        answer = await self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return unescape(answer.text)

    async def submit(self, path: str, act: str, **fields: str) -> httpx.Response:
        """Send a form of the page as it now stands."""
        page = await self.read(path)
        assert f'name="act" value="{act}"' in page, act
        hidden = dict(findall(r'type="hidden" name="(once|scene)" value="([^"]*)"', page))
        return await self.browser.post(path, data=hidden | {"act": act} | fields)

    async def done(self, path: str, act: str, **fields: str) -> str:
        """Send a form, and read the page that answers it."""
        answer = await self.submit(path, act, **fields)
        assert answer.status_code == 303, answer.text
        there = httpx.URL(f"http://bot{path}").join(answer.headers["location"])
        return await self.read(str(there).partition("#")[0])


def said_in(page: str) -> str:
    """Find what the page says about what was just done."""
    found = search(r'role="status">([^<]*)<', page)
    return found[1] if found else ""


@asynccontextmanager
async def page_house(folder: Path) -> AsyncIterator[PageHouse]:
    """Open a house in which customers have pages; the operator has no bills."""
    async with small_house(folder) as house:
        settings = Settings(database_url=SecretStr(f"sqlite:///{folder}/bot.db"))
        pages = open_pages(settings, house.premises, None)
        app = Starlette(routes=list(pages.routes))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as browser:
            yield PageHouse(house, app, pages, browser)
        await pages.close()
