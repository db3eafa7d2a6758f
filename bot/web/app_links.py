"""The way to the app: a phone is led to its own store, a desktop shows a code to be scanned."""

from collections.abc import Mapping

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.web.pages import HEADERS, home_of, page
from flows.campaign import Operator

_APPLE = ("iPhone", "iPad", "iPod")


def show_app(
    operator: Operator, words: Mapping[str, str], language: str, request: Request, here: str
) -> Response:
    """Lead to the store of the device that asks; where that is no phone, help to change over.

    `here` is our own address, as the public reaches it.
    """
    device = request.headers.get("user-agent", "")
    headers = HEADERS | {"Vary": "User-Agent"}
    if any(name in device for name in _APPLE):
        return RedirectResponse(operator.app_store_url or operator.app_url, 303, headers)
    if "Android" in device:
        return RedirectResponse(operator.play_store_url or operator.app_url, 303, headers)
    has_stores = bool(operator.app_store_url or operator.play_store_url)
    # Whatever phone scans it: only this address knows the store of each.
    scanned = here + request.url.path if has_stores else operator.app_url
    facts = {
        "language": language,
        "words": words,
        "brand": operator.brand,
        "hotline": operator.hotline,
        "operator": operator,
        "home": home_of(request),
        "code": _code(scanned),
    }
    return page("app.html", facts)


def _code(address: str) -> Markup:
    """Draw the QR code as a picture that stands in the page itself."""
    drawn = segno.make(address, error="m").svg_inline(
        border=2, svgclass="qr", lineclass=None, omitsize=True
    )
    return Markup(drawn)  # noqa: S704 - segno draws it of squares alone
