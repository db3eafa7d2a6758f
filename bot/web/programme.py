"""The programme page: one customer's own place, which their personal link opens.

A GET shows and changes nothing: link previews fetch it. A form is POSTed to the page itself, acts
in one turn, and is answered by the page anew. Every form works without JavaScript.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.telegram_text import plain
from bot.keys import Keys
from bot.turns.consent_receipt import Receipts
from bot.turns.guesses import Guesses
from bot.turns.personal_links import revealed
from bot.turns.visits import Form, Said, TurnedVisits, Visit
from bot.web.app_links import show_app
from bot.web.data_rights import DATA_ACTS, DataDesk
from bot.web.pages import HEADERS, UnusableBodyError, admitted, body_within, gone, is_foreign, page
from bot.web.programme_view import View
from flows.customer import Address
from flows.intent import Intent
from flows.journey import Question, Stage
from messages.pages import words_of
from storage.reading import KeptText, MessageRow

_LARGEST_FORM = 2048  # bytes
_LONGEST_NAME = 64  # of a form
_READ = 30  # messages, of which some are not shown
_INTENTS = {
    "join": Intent.JOIN,
    "decline": Intent.DECLINE,
    "leave": Intent.LEAVE,
    "object": Intent.OBJECT,
    "opt_out": Intent.OPT_OUT,
    "opt_in": Intent.OPT_IN,
}

Fields = Mapping[str, str]
Act = Callable[["PageDesk", Visit, Form, Fields], Awaitable[str]]


class Texts(Protocol):
    """Who keeps what was said; the store is one."""

    async def kept_text(self, text_hash: str) -> KeptText | None:
        """Read the words that a hash stands for."""

    async def latest_messages(self, customer: str, limit: int) -> tuple[MessageRow, ...]:
        """List what was said to one customer lately, the newest first."""


@dataclass(frozen=True, slots=True)
class PageDesk:
    """Everything that the page needs."""

    visits: TurnedVisits
    texts: Texts
    data: DataDesk
    keys: Keys
    guesses: Guesses


def routes(desk: PageDesk) -> list[BaseRoute]:
    """Make the routes of the page."""
    answers = (
        ("/p/{token}", "GET", _show),
        ("/p/{token}", "POST", _act),
        ("/p/{token}/app", "GET", _show_app),
        ("/p/{token}/receipt", "GET", _give_receipt),
    )
    return [_door(desk, *answer) for answer in answers]


def _door(
    desk: PageDesk,
    path: str,
    method: str,
    answer: Callable[[PageDesk, Visit, Request], Awaitable[Response]],
) -> Route:
    async def guarded(request: Request) -> Response:
        visit = await admitted(request, desk.guesses, desk.visits.visit)
        if isinstance(visit, Response):
            return visit
        return await answer(desk, visit, request)

    return Route(path, guarded, methods=[method])


# --- What is shown ------------------------------------------------------------------------------


async def _show(desk: PageDesk, visit: Visit, request: Request) -> Response:
    language, journey, terms = _language(visit), visit.journey, visit.terms
    words = words_of(language)
    token = request.path_params["token"]
    view = View.of(visit, words, token)
    is_asked = journey.stage is Stage.ASKED and journey.shown is not None
    shown = await desk.texts.kept_text(journey.shown[0]) if is_asked and journey.shown else None
    rows = [
        replace(row, body=revealed(row.body, desk.keys))
        for row in await desk.texts.latest_messages(visit.customer.number, _READ)
    ]
    door = request.query_params.get("door", "")
    facts = {
        "language": language,
        "words": words.words,
        "all": words,
        "brand": terms.operator.brand,
        "hotline": terms.operator.hotline,
        "operator": terms.operator,
        "terms": terms,
        "token": token,
        "journey": journey,
        "asks": journey.question,
        "Question": Question,
        "view": view,
        "said": _said(visit, view, request),
        "consent_text": plain(shown.text) if shown else "",
        "messages": view.messages(rows),
        "others": _others(language, terms.messages.languages),
        "once": desk.keys.fresh(),
        "scene": visit.scene,
        "door": door if door in DATA_ACTS else "",
    }
    return page("programme.html", facts)


def _language(visit: Visit) -> str:
    """Give the customer's language if the page speaks it, else the campaign's first."""
    wanted = visit.journey.language.partition("-")[0]
    return wanted if _speaks(wanted) else visit.terms.messages.languages[0]


def _others(language: str, languages: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """List the other languages, each by its own name."""
    others = (code for code in languages if code != language and _speaks(code))
    return tuple((code, words_of(code).language_name) for code in others)


def _speaks(language: str) -> bool:
    try:
        words_of(language)
    except KeyError:
        return False
    return True


def _said(visit: Visit, view: View, request: Request) -> str:
    """Find the words that answer what was just done; nothing for a word that is not ours."""
    words = view.words.said.get(request.query_params.get("said", ""), "")
    return words.format(hotline=visit.terms.operator.hotline)


async def _show_app(desk: PageDesk, visit: Visit, request: Request) -> Response:
    language, here = _language(visit), desk.visits.house.public_url
    return show_app(visit.terms.operator, words_of(language).words, language, request, here)


async def _give_receipt(desk: PageDesk, visit: Visit, request: Request) -> Response:
    consent = visit.journey.consent
    kept = await desk.texts.kept_text(consent.text_hash) if consent else None
    if consent is None or kept is None:
        return gone(request)
    brand = visit.terms.operator.brand
    text = Receipts(desk.keys).write(visit.customer.number, brand, consent, kept.text)
    name = "".join(c if c.isalnum() or c in "-." else "-" for c in consent.version)
    saved = {"Content-Disposition": f'attachment; filename="consent-{name}.txt"'}
    return Response(text, 200, HEADERS | saved, media_type="text/plain; charset=utf-8")


# --- What is done -------------------------------------------------------------------------------


async def _act(desk: PageDesk, visit: Visit, request: Request) -> Response:
    """Take a form. The link is the proof; a browser that comes from another site has none."""
    if is_foreign(request):
        return gone(request, 403)
    try:
        fields = _fields(await body_within(request, _LARGEST_FORM))
    except UnusableBodyError:
        return _back(Said.CHANGED)
    name = fields.get("act", "")
    if name in DATA_ACTS or name == "code":
        return await desk.data.answer(visit, name, fields, _language(visit))
    if name == "renew":
        return _moved(await desk.visits.renew(visit))
    act = _ACTS.get(name, _intend)
    form = Form(f"{fields.get('once', '')[:_LONGEST_NAME]}.{name}", fields.get("scene", ""))
    return _back(await act(desk, visit, form, fields))


def _fields(body: bytes) -> Fields:
    try:
        fields = parse_qs(body.decode("utf-8"), max_num_fields=20)
    except ValueError as error:
        raise UnusableBodyError("this is no form of ours") from error
    return {name: values[0] for name, values in fields.items()}


async def _intend(desk: PageDesk, visit: Visit, form: Form, fields: Fields) -> str:
    intent = _INTENTS.get(fields.get("act", ""))
    return await desk.visits.say(visit, form, intent) if intent else Said.CHANGED.value


async def _speak(desk: PageDesk, visit: Visit, form: Form, fields: Fields) -> str:
    language = fields.get("language", "")
    if language not in visit.terms.messages.languages:
        return Said.CHANGED.value
    return await desk.visits.say(visit, form, Intent.LANGUAGE, language)


async def _need(desk: PageDesk, visit: Visit, form: Form, fields: Fields) -> str:
    del fields
    return await desk.visits.declare_access(visit, form)


async def _close(desk: PageDesk, visit: Visit, form: Form, fields: Fields) -> str:
    address = _address(visit, fields)
    return await desk.visits.close_channel(visit, form, address) if address else Said.CHANGED.value


async def _open(desk: PageDesk, visit: Visit, form: Form, fields: Fields) -> str:
    address = _address(visit, fields)
    return await desk.visits.open_channel(visit, form, address) if address else Said.CHANGED.value


def _address(visit: Visit, fields: Fields) -> Address | None:
    """Find the address that a form means by its place and its end: forms hold no whole one."""
    contacts, place = visit.customer.contacts, fields.get("place", "")
    if not (place.isascii() and place.isdigit() and int(place[:3]) < len(contacts)):
        return None
    return contacts[int(place[:3])].address


_ACTS: Mapping[str, Act] = {
    "language": _speak,
    "access": _need,
    "close": _close,
    "open": _open,
}


def _back(said: str) -> Response:
    """Lead back to the page, which shows where the customer then stands."""
    return RedirectResponse(f"?said={said}#said", 303, HEADERS)


def _moved(page_url: str) -> Response:
    return RedirectResponse(f"{page_url}?said=renewed#said", 303, HEADERS)
