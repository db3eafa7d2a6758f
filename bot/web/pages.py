"""The customers' pages: one base template, strict headers, nothing fetched from anywhere else."""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import TypeVar
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.turns.guesses import Guesses
from messages.film.texts import languages, texts_of

T = TypeVar("T")
_MINUS = re.compile(r"(?<!\S)-(?=\S)")

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# The token stands in the address: no other site may learn it, and no cache or index keep the page.
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-store",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class UnusableBodyError(Exception):
    """What was sent is not what a page sends."""


def page(template: str, facts: Mapping[str, object], status: int = 200) -> Response:
    """Fill in a template that extends `page.html`; every fact is escaped."""
    return HTMLResponse(filled(template, facts), status, HEADERS)


def filled(template: str, facts: Mapping[str, object]) -> str:
    """Fill in a template; every fact is escaped."""
    return _templates().get_template(template).render(**facts)


async def admitted(
    request: Request, guesses: Guesses, look: Callable[[str], Awaitable[T | None]]
) -> T | Response:
    """Look up the token in a page's address; whatever is wrong with it, the answer is the same."""
    token = request.path_params["token"]
    client = request.client.host if request.client else ""
    if not guesses.may_try(client, token):
        return gone(request, 429)
    found = await look(token)
    if found is None:
        guesses.was_wrong(client, token)
        return gone(request)
    guesses.was_right(token)
    return found


def gone(request: Request, status: int = 404) -> Response:
    """Say neutrally that there is nothing here."""
    language = preferred(request)
    facts = {"language": language, "words": texts_of(language).page, "brand": "", "hotline": ""}
    return page("gone.html", facts, status)


def home_of(request: Request) -> str:
    """Give the way from a page below it to the customer's own page."""
    return f"../{request.path_params['token']}"


def is_foreign(request: Request) -> bool:
    """Tell whether a browser says that another site sends this form.

    By our own policy it names no origin (`null`), so what it says of the site counts first.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin", "null")
    return origin != "null" and urlsplit(origin).netloc != request.headers.get("host")


def preferred(request: Request) -> str:
    """Give the language that a browser asks for first among those we speak."""
    spoken = languages()
    asked = (
        part.strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")
    )
    return next((language for language in asked if language in spoken), spoken[0])


async def body_within(request: Request, most_bytes: int) -> bytes:
    """Read a body; UnusableBodyError if it is longer than that, or breaks off."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most_bytes:
                raise UnusableBodyError("the body is too long")
    except ClientDisconnect as error:
        raise UnusableBodyError("the body broke off") from error
    return bytes(body)


def elsewhere() -> list[BaseRoute]:
    """Make the route of every other address below; it stands behind all that there are."""

    async def nothing(request: Request) -> Response:
        token, slash, rest = request.path_params["rest"].partition("/")
        return (
            RedirectResponse(f"../{token}", 303, HEADERS) if slash and not rest else gone(request)
        )

    return [Route("/p/{rest:path}", nothing, methods=["GET", "POST"])]


def statics() -> list[BaseRoute]:
    """Make the routes of style sheets and scripts."""
    return [
        Mount(f"/static/{folder}", StaticFiles(packages=[("bot.web", f"static/{folder}")]))
        for folder in ("page", "film")
    ]


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("bot.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["dialled"] = _dialled
    environment.filters["unbroken"] = _unbroken
    return environment


def _unbroken(text: str) -> str:
    """Keep a minus beside its amount; German writes it before the figure, where no line breaks."""
    return _MINUS.sub("-\N{WORD JOINER}", text)


def _dialled(number: str) -> str:
    """Write a phone number as a link dials it."""
    return "".join(c for c in number if c.isdigit() or c == "+")
