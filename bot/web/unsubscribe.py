"""One-click unsubscribe of e-mail (RFC 8058): a POST is a STOP on all channels; a GET only asks."""

from collections.abc import Awaitable, Callable
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

Unsubscribe = Callable[[str], Awaitable[None]]

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>{title}</title></head>
<body><main><h1>{title}</h1><p>{words}</p>{form}</main></body></html>"""
_FORM = '<form method="post"><button>Abmelden · Unsubscribe</button></form>'
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def routes(unsubscribe: Unsubscribe, brand: str) -> list[Route]:
    """Make the two routes; an unknown token is answered like a good one."""

    async def ask(_: Request) -> Response:
        return _page(
            "Abmelden · Unsubscribe",
            f"Keine Nachrichten mehr von {brand}? · No more messages from {brand}?",
            _FORM,
        )

    async def leave(request: Request) -> Response:
        await unsubscribe(request.path_params["token"])
        return _page(
            "Abgemeldet · Unsubscribed",
            "Es kommen keine Nachrichten mehr. · You will get no more messages.",
        )

    return [
        Route("/u/{token}", ask, methods=["GET"]),
        Route("/u/{token}", leave, methods=["POST"]),
    ]


def _page(title: str, words: str, form: str = "") -> Response:
    body = _PAGE.format(title=escape(title), words=escape(words), form=form)
    return HTMLResponse(body, headers=_HEADERS)
