"""The customers' pages: one base template, strict headers, nothing fetched from anywhere else."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from bot.turns.guesses import Guesses
from messages.film.texts import languages, texts_of

T = TypeVar("T")

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
    return HTMLResponse(_templates().get_template(template).render(**facts), status, HEADERS)


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


def statics() -> list[BaseRoute]:
    """Make the routes of style sheets and scripts."""
    return [
        Mount(f"/static/{folder}", StaticFiles(packages=[("bot.web", f"static/{folder}")]))
        for folder in ("page", "film")
    ]


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("bot.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
