"""The sandbox' own doors: phones, the operator's events, the clock, and the page that shows them.

They are served only in the sandbox (design 1.8). Wrong input is answered 400 with one sentence.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.addresses import UnusableAddressError, phone
from bot.channels.channel import Inbound
from bot.channels.simulator_phones import NoSuchButtonError, Opened, chat_of, plain
from bot.channels.simulator_screens import Direction, Shown
from bot.clock import NEXT
from bot.easel import Easel
from bot.setting_values import Role
from bot.spans import ClockError
from bot.stories import Happens, Waits, exact_span, write
from bot.web.pages import filled
from bot.web.simulator_bodies import (
    DocumentBody,
    EventBody,
    ManagerBody,
    MoveBody,
    SmsBody,
    TelegramBody,
    UnusableBodyError,
    body_of,
    moment_of,
    one_of,
)
from bot.web.simulator_desk import Desk, Document, Manager, Report
from bot.web.simulator_pictures import picture_route
from bot.web.simulator_reports import UnusableReportError, make_report
from bot.web.simulator_story import story_of
from flows.customer import Address, Channel

Answer = Callable[[Desk, Request], Awaitable[object]]

_WRONG_INPUT = (UnusableBodyError, UnusableAddressError, UnusableReportError, NoSuchButtonError)
_POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_OFFICE = (Role.MANAGER, Role.APPROVER, Role.VIEWER)  # as a broadcast goes from hand to hand
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def routes(desk: Desk) -> list[BaseRoute]:
    """Make the routes of the doors and of the page."""

    def door(path: str, answer: Answer, method: str = "GET") -> Route:
        async def guarded(request: Request) -> Response:
            try:
                answered = await answer(desk, request)
            except (*_WRONG_INPUT, ClockError) as error:
                return _json({"error": str(error)}, 400)
            return answered if isinstance(answered, Response) else _json(answered)

        return Route(f"/simulator/{path}", guarded, methods=[method])

    return [
        Route("/", _page("simulator.html")),
        Route("/simulator/", _page("simulator.html")),
        Route("/simulator/office", _page("office.html")),
        Mount("/simulator/static", StaticFiles(packages=[("bot.web", "static/simulator")])),
        picture_route(desk.phones.screens, Easel()),
        door("customers", _customers),
        door("customers/{customer}", _standing),
        door("phones/{phone}", _phone),
        door("sms", _sms, "POST"),
        door("telegram", _telegram, "POST"),
        door("events", _event, "POST"),
        door("clock", _clock),
        door("clock", _move, "POST"),
        door("managers", _managers),
        door("manager", _manager, "POST"),
        door("story/{phone}", _story),
    ]


def _page(name: str) -> Callable[[Request], Response]:
    page = filled(name, {"roles": _OFFICE})
    headers = {**_HEADERS, "Content-Security-Policy": _POLICY}
    return lambda _: HTMLResponse(page, headers=headers)


# --- Customers and their phones -----------------------------------------------------------------


async def _customers(desk: Desk, _: Request) -> object:
    return await desk.people.customers()


async def _standing(desk: Desk, request: Request) -> object:
    standing = await desk.people.standing(request.path_params["customer"])
    if standing is None:
        raise UnusableBodyError("Nobody has this customer number.")
    return standing


async def _phone(desk: Desk, request: Request) -> object:
    return _screen(desk, _number(request.path_params["phone"]))


async def _sms(desk: Desk, request: Request) -> object:
    body = await body_of(request, SmsBody)
    number = _number(body.sender)
    await desk.ears.heard(desk.phones.type_sms(number, body.text, desk.clock()))
    await desk.mover.settle()
    return {"messages": _screen(desk, number)}


async def _telegram(desk: Desk, request: Request) -> object:
    body = await body_of(request, TelegramBody)
    number = _number(body.sender)
    inbound = _played(desk, chat_of(number), body.text, body.button, number)
    if isinstance(inbound, Opened):
        return {"messages": _screen(desk, number), "opened": inbound.url}
    await desk.ears.heard(inbound)
    await desk.mover.settle()
    return {"messages": _screen(desk, number)}


def _played(
    desk: Desk, chat: Address, text: str | None, button: str | None, number: Address
) -> Inbound | Opened:
    one_of(text=text, button=button)
    if button is not None:
        return desk.phones.tap(chat, button, desk.clock(), number)
    return desk.phones.type_telegram(chat, text or "", desk.clock())


def _number(text: str) -> Address:
    try:
        return phone(text)
    except UnusableAddressError as error:
        raise UnusableBodyError(f"{text!r} {error}.") from error


def _screen(desk: Desk, number: Address) -> list[Mapping[str, object]]:
    return [_message(shown) for shown in desk.phones.screen(number)]


def _message(shown: Shown) -> Mapping[str, object]:
    """Write one message; beside the contract's keys stand those that the page needs."""
    entry = shown.entry
    channel = entry.address.channel
    has_markup = channel is Channel.TELEGRAM and entry.direction is Direction.OUT
    return {
        "channel": channel,
        "direction": entry.direction,
        "text": plain(entry.text) if has_markup else entry.text,
        "at": entry.at,
        "buttons": [choice.label for choice in entry.choices],
        "id": shown.id,
        "links": {choice.label: choice.url for choice in entry.choices if choice.url},
        "markup": entry.text if has_markup else "",
        "is_tap": entry.tapped is not None,
        "is_edited": shown.is_edited,
        "picture": entry.card.spoken if entry.card else "",
    }


# --- The operator and the clock -----------------------------------------------------------------


async def _event(desk: Desk, request: Request) -> object:
    body, now = await body_of(request, EventBody), desk.clock()
    verdict = await desk.operations.happened(_reported(desk, body, now))
    desk.phones.screens.note_act(now, body.customer, str(Happens(body.type, body.data)))
    await desk.mover.settle()
    return verdict


def _reported(desk: Desk, body: EventBody, now: datetime) -> Report:
    """Complete a report; the same one under the same id is completed as it was before."""
    at = moment_of(body.time) if body.time else now
    report = make_report(body.type, body.customer, body.data, at, desk.new_id)
    if body.id is None:
        return report
    screens, asked = desk.phones.screens, msgspec.json.encode(body, order="sorted").decode()
    screens.keep_report(body.id, asked, report.at, msgspec.json.encode(report.data).decode())
    kept_at, said = screens.kept_report(body.id, asked) or (report.at, "")
    kept = msgspec.json.decode(said, type=dict[str, object]) if said else report.data
    return replace(report, id=body.id, at=kept_at, data=kept)


async def _clock(desk: Desk, _: Request) -> object:
    return {"now": desk.clock(), "next": desk.mover.next_due, "is_moving": desk.is_moving()}


async def _move(desk: Desk, request: Request) -> object:
    body = await body_of(request, MoveBody)
    start = desk.clock()
    now = await desk.mover.advance(body.advance, feeds=body.feeds)
    span = exact_span(now - start) if body.advance == NEXT else body.advance
    desk.phones.screens.note_act(start, None, str(Waits(span, body.feeds)))
    return {"now": now, "next": desk.mover.next_due}


# --- Managers -----------------------------------------------------------------------------------


async def _managers(desk: Desk, _: Request) -> object:
    return [_manager_shown(desk, manager) for manager in desk.managers.roster()]


async def _manager(desk: Desk, request: Request) -> object:
    body = await body_of(request, ManagerBody)
    one_of(text=body.text, button=body.button, document=body.document)
    manager = _found(desk, str(body.sender))
    chat, at = Address(f"telegram:{manager.id}"), desk.clock()
    document = _document(body.document)
    if body.button is not None:
        inbound = desk.phones.tap(chat, body.button, at)
    else:
        inbound = desk.phones.type_telegram(chat, body.text or _name(document), at)
    if isinstance(inbound, Opened):
        return _manager_shown(desk, manager) | {"opened": inbound.url}
    await desk.managers.heard(inbound, document)
    await desk.mover.settle()
    return _manager_shown(desk, manager)


def _found(desk: Desk, sender: str) -> Manager:
    """Find a manager by Telegram id or by name."""
    for manager in desk.managers.roster():
        if sender.casefold() in (str(manager.id), manager.name.casefold()):
            return manager
    raise UnusableBodyError(f"{sender!r} is no manager.")


def _document(given: DocumentBody | str | None) -> Document | None:
    match given:
        case None:
            return None
        case str():
            return Document("customers.csv", given)
        case DocumentBody(text=text, name=name):
            return Document(name, text)


def _name(document: Document | None) -> str:
    return document.name if document else ""


def _manager_shown(desk: Desk, manager: Manager) -> dict[str, object]:
    shown = desk.phones.chat(Address(f"telegram:{manager.id}"))
    messages = [_message(message) for message in shown]
    return {"id": manager.id, "name": manager.name, "role": manager.role, "messages": messages}


# --- Stories ------------------------------------------------------------------------------------


async def _story(desk: Desk, request: Request) -> Response:
    number = _number(request.path_params["phone"]).value
    everybody = await desk.people.customers()
    person = next((person for person in everybody if person.phone == number), None)
    if person is None:
        raise UnusableBodyError("Nobody has this phone.")
    screen = desk.phones.screen(Address(f"tel:{number}"))
    story = story_of(person, screen, desk.phones.screens.acts(person.customer))
    name = f'attachment; filename="story-{person.customer}.txt"'
    return PlainTextResponse(write(story), headers={**_HEADERS, "Content-Disposition": name})


def _json(value: object, status: int = 200) -> Response:
    body = msgspec.json.encode(value)
    return Response(body, status, _HEADERS, media_type="application/json")
