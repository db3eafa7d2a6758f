"""The transcript: everything that the film tells, to be read, and a button at its end.

The button works without JavaScript. When the page was given out stands in it, sealed, so that a GET
keeps nothing and yet nobody can say that they have read what they were just given.
"""

import hmac
from datetime import datetime, timedelta
from enum import Enum
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.film.desk import FilmDesk, Viewer
from bot.film.films import Film
from bot.web.pages import HEADERS, UnusableBodyError, body_within, home_of, page
from messages.film.captions import reading_s, transcript
from messages.film.texts import texts_of

_LONGEST = timedelta(hours=24)  # that a page may stay open
_MOST_DIGITS = 14
_LARGEST_FORM = 1024  # bytes


class Reading(Enum):
    """Whether somebody can have read a transcript."""

    ENOUGH = "enough"
    TOO_FAST = "too_fast"
    AGAIN = "again"


async def show_transcript(desk: FilmDesk, viewer: Viewer, request: Request) -> Response:
    """Give the transcript, with the moment in its button."""
    film = await desk.films.of(viewer.customer, viewer.terms)
    fresh = _stamp(desk, viewer, film, desk.clock())
    return _page(request, viewer, film, fresh, "")


async def answer_reader(desk: FilmDesk, viewer: Viewer, request: Request) -> Response:
    """Take the button: believed after the least time that reading takes."""
    stamp = await _given(request)
    film = await desk.films.of(viewer.customer, viewer.terms)
    match _reading(desk, viewer, film, stamp):
        case Reading.ENOUGH:
            await desk.viewings.read(viewer.customer)
            return RedirectResponse("film", 303, HEADERS)
        case Reading.TOO_FAST:
            # The clock goes on from when the page was first given out.
            words = texts_of(viewer.language).page["too_fast"]
            return _page(request, viewer, film, stamp, words, 422)
        case Reading.AGAIN:
            words = texts_of(viewer.language).page["again"]
            fresh = _stamp(desk, viewer, film, desk.clock())
            return _page(request, viewer, film, fresh, words, 422)


async def _given(request: Request) -> str:
    """Read the stamp from the form; nothing if it is no form of ours."""
    try:
        form = parse_qs((await body_within(request, _LARGEST_FORM)).decode("ascii"))
    except (UnusableBodyError, UnicodeDecodeError):
        return ""
    stamp = form.get("stamp", [""])[0]
    return stamp if stamp.isascii() else ""


def _page(
    request: Request, viewer: Viewer, film: Film, stamp: str, said: str, status: int = 200
) -> Response:
    operator, texts = viewer.terms.operator, texts_of(viewer.language)
    facts = {
        "language": viewer.language,
        "words": texts.page,
        "brand": operator.brand,
        "hotline": operator.hotline,
        "film": film,
        "passages": transcript(film.board, viewer.language),
        "stamp": stamp,
        "said": said,
        "home": home_of(request),
        "has_watched": viewer.has_watched,
    }
    return page("transcript.html", facts, status)


def _reading(desk: FilmDesk, viewer: Viewer, film: Film, stamp: str) -> Reading:
    moment, _, _ = stamp.partition(".")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= _MOST_DIGITS):
        return Reading.AGAIN
    given_at = datetime.fromtimestamp(int(moment) / 1000, desk.clock().tzinfo)
    since = desk.clock() - given_at
    is_ours = hmac.compare_digest(stamp, _stamp(desk, viewer, film, given_at))
    if not is_ours or since > _LONGEST:
        return Reading.AGAIN
    needed = timedelta(seconds=reading_s(transcript(film.board, viewer.language)))
    return Reading.ENOUGH if since >= needed else Reading.TOO_FAST


def _stamp(desk: FilmDesk, viewer: Viewer, film: Film, at: datetime) -> str:
    """Write when which transcript was given to whom, sealed."""
    moment = str(round(at.timestamp() * 1000))
    seal = desk.keys.seal("transcript", f"{viewer.customer}\x1f{film.id}\x1f{moment}")
    return f"{moment}.{seal}"
