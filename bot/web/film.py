"""The pages of the invoice film: the film with its player, its files, and what players report.

A GET earns nothing. What a player reports is believed or not by `flows/watching.py`.
"""

import math
import re
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.film.desk import FilmDesk, Viewer
from bot.film.films import Film, Readiness
from bot.film.reels import Reel
from bot.web.pages import (
    HEADERS,
    UnusableBodyError,
    admitted,
    body_within,
    gone,
    home_of,
    page,
)
from bot.web.pieces import piece_of
from bot.web.transcript import answer_reader, show_transcript
from flows.watching import MOST_RANGES, Range
from messages.film.captions import captions
from messages.film.texts import languages, texts_of

_NAME = re.compile(r"([0-9a-f]{24})-([a-z]{2,3})\.(mp4|jpg|vtt)")
_TYPES = {"mp4": "video/mp4", "jpg": "image/jpeg", "vtt": "text/vtt; charset=utf-8"}
_LARGEST_REPORT = 8192  # bytes
_PERCENT = 100
# A file of a film never changes under its name, and is nobody else's business.
_KEPT = HEADERS | {"Cache-Control": "private, max-age=86400"}

Answer = Callable[[FilmDesk, Viewer, Request], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Report(msgspec.Struct, frozen=True):
    """What a player reports: of which film, and ranges in seconds."""

    film: str
    ranges: Annotated[list[tuple[float, float]], msgspec.Meta(max_length=MOST_RANGES)]


def routes(desk: FilmDesk) -> list[BaseRoute]:
    """Make the routes of film and transcript."""

    def guard(answer: Answer, *, is_film: bool = False) -> Endpoint:
        async def guarded(request: Request) -> Response:
            viewer = await admitted(request, desk.guesses, desk.visitors.by_token)
            if isinstance(viewer, Response):
                return viewer
            if theirs := viewer.terms.operator.film_url:
                return RedirectResponse(theirs, 303, HEADERS) if is_film else gone(request)
            return await answer(desk, viewer, request)

        return guarded

    look_up = guard(_give_file)

    async def give_file(request: Request) -> Response:
        token, name = request.path_params["token"], request.path_params["name"]
        reel = await desk.reels.admitted(token, name)
        return _piece(reel, request) if reel else await look_up(request)

    return [
        Route("/p/{token}/film", guard(_show_film, is_film=True)),
        Route("/p/{token}/film/progress", guard(_take_report), methods=["POST"]),
        Route("/p/{token}/film/{name}", give_file),
        Route("/p/{token}/transcript", guard(show_transcript)),
        Route("/p/{token}/transcript", guard(answer_reader), methods=["POST"]),
    ]


# --- The page -----------------------------------------------------------------------------------


async def _show_film(desk: FilmDesk, viewer: Viewer, request: Request) -> Response:
    film, readiness = await _ready(desk, viewer)
    texts = texts_of(viewer.language)
    operator, reward = viewer.terms.operator, viewer.terms.reward("video")
    return page(
        "film.html",
        {
            "language": viewer.language,
            "words": texts.page,
            "brand": operator.brand,
            "hotline": operator.hotline,
            "film": film,
            "film_name": texts.film_name,
            "name": f"{film.id}-{viewer.language}",
            "readiness": readiness.value,
            "tracks": [(code, texts_of(code).language_name) for code in languages()],
            "percent": math.floor(viewer.share(film.id) * _PERCENT),
            "reward": f"{reward} MB" if reward else "",
            "has_watched": viewer.has_watched,
            "home": home_of(request),
        },
    )


async def _ready(desk: FilmDesk, viewer: Viewer) -> tuple[Film, Readiness]:
    """Choose the customer's own film; the general one where that cannot be drawn now."""
    film = await desk.films.of(viewer.customer, viewer.terms)
    readiness = desk.films.prepare(film, viewer.language)
    if readiness is Readiness.MISSING and not film.is_general:
        film = desk.films.general(viewer.terms)
        readiness = desk.films.prepare(film, viewer.language)
    return film, readiness


# --- Its files ----------------------------------------------------------------------------------


async def _give_file(desk: FilmDesk, viewer: Viewer, request: Request) -> Response:
    named = _NAME.fullmatch(request.path_params["name"])
    if named is None or named[2] not in languages():
        return gone(request)
    film = await desk.films.find(viewer.customer, viewer.terms, named[1])
    if film is None:
        return gone(request)
    language, ending = named[2], named[3]
    if ending == "vtt":
        return Response(captions(film.board, language), 200, _KEPT, media_type=_TYPES["vtt"])
    path = desk.films.file(film, language, ending)
    token = request.path_params["token"]
    reel = await desk.reels.admit(token, named[0], path) if path is not None else None
    if reel is not None:
        return _piece(reel, request)
    if desk.films.prepare(film, language) is Readiness.MISSING:
        return gone(request)
    return Response(status_code=503, headers=HEADERS | {"Retry-After": "2"})


def _piece(reel: Reel, request: Request) -> Response:
    return piece_of(reel, request, _KEPT, _TYPES[reel.path.suffix[1:]])


# --- What players report ------------------------------------------------------------------------


async def _take_report(desk: FilmDesk, viewer: Viewer, request: Request) -> Response:
    try:
        report = msgspec.json.decode(await body_within(request, _LARGEST_REPORT), type=Report)
        ranges = tuple(_range(begins, ends) for begins, ends in report.ranges)
    except (msgspec.DecodeError, UnicodeDecodeError, UnusableBodyError) as error:
        return _json({"error": str(error)}, 400)
    film = await desk.films.find(viewer.customer, viewer.terms, report.film)
    if film is None:
        return _json({"error": "this film is not shown any more"}, 409)
    told = await desk.viewings.played(viewer.customer, film.id, film.board.duration_ms, ranges)
    now = told or viewer
    believed = {"watched": now.watched(film.id), "share": now.share(film.id)}
    return _json(believed | {"is_done": now.has_watched})


def _range(begins: float, ends: float) -> Range:
    """Read a range in seconds as milliseconds."""
    if not (math.isfinite(begins) and math.isfinite(ends)):
        raise UnusableBodyError("a range must be finite")
    return round(begins * 1000), round(ends * 1000)


def _json(value: object, status: int = 200) -> Response:
    body = msgspec.json.encode(value)
    return Response(body, status, HEADERS, media_type="application/json")
