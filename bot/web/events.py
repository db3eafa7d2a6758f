"""The operator's doors: CloudEvents at `/events`, TMF683 and TMF654 at `/tmf/listener/…`.

A report is answered in a turn that is committed before the operator hears so. Nothing is read
before it is known to be genuine, and nothing of what is not genuine is kept.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.carrier.cloudevents import is_batch, read_cloudevents
from bot.carrier.feed import Fault, Intake, Report, Result, is_genuine
from bot.carrier.tmf683 import is_v5, read_interaction
from bot.carrier.topup_events import Follower, read_topup_event
from storage.errors import StorageError

LARGEST_BODY = 4 * 1024 * 1024
TOPUPS = tuple(
    f"{resource}{what}Event"
    for resource in ("topupBalance", "adjustBalance")
    for what in ("Create", "StatusChange", "AttributeValueChange", "Failure", "Cancel")
)
LISTENERS = (
    "partyInteractionCreateEvent",
    "partyInteractionAttributeValueChangeEvent",
    "partyInteractionStatusChangeEvent",
)

_STATUS = {
    Result.APPLIED: 200,
    Result.REPEAT: 200,
    Result.HELD: 200,
    Result.UNKNOWN_CUSTOMER: 200,
    Result.QUARANTINED: 202,
    Result.IGNORED: 202,
    Result.CONFLICT: 409,
}
_GOOD = frozenset({200, 202})


@dataclass(frozen=True, slots=True)
class OperatorDesk:
    """What the doors need: who takes reports in, and by what the operator shows who it is.

    Without `secrets` and without `token` everything is refused. `follower` is told of top-ups.
    """

    intake: Intake
    clock: Callable[[], datetime]
    secrets: Sequence[str] = ()
    token: str = ""
    follower: Follower | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one report came to, as it is told to the operator."""

    status: int
    result: str
    why: str
    id: str | None


def routes(desk: OperatorDesk) -> list[Route]:
    """Build the routes."""

    async def events(request: Request) -> Response:
        return await _events(desk, request)

    async def contacts(request: Request) -> Response:
        return await _contacts(desk, request)

    listeners = [Route(f"/tmf/listener/{name}", contacts, methods=["POST"]) for name in LISTENERS]
    return [Route("/events", events, methods=["POST"]), *listeners, *_topup_routes(desk)]


def _topup_routes(desk: OperatorDesk) -> list[Route]:
    follower = desk.follower
    if follower is None:
        return []

    async def topups(request: Request) -> Response:
        return await _topups(desk, follower, request)

    return [Route(f"/tmf/listener/{name}", topups, methods=["POST"]) for name in TOPUPS]


async def _events(desk: OperatorDesk, request: Request) -> Response:
    body = await _body(request)
    if body is None:
        return _refusal(413, "the body is too long or incomplete")
    if not is_genuine(request.headers, body, desk.secrets, desk.clock()):
        return _refusal(401, "the signature is missing, wrong or too old")
    try:
        items = read_cloudevents(request.headers, body)
        answers = [await _taken(desk, item) for item in items]
    except StorageError:
        return _refusal(503, "nothing can be stored now; send it again")
    if is_batch(request.headers) and not (items and _is_whole(items[0])):
        is_good = all(answer.status in _GOOD for answer in answers)
        return _json(answers, 200 if is_good else 207)
    return _single(answers[0])


async def _topups(desk: OperatorDesk, follower: Follower, request: Request) -> Response:
    """Take a hint about a top-up or its reversal: what it says is asked for, not believed."""
    body = await _genuine(desk, request)
    if isinstance(body, Response):
        return body
    hint = read_topup_event(body)
    if hint is None:
        return _refusal(400, "event.topupBalance or .adjustBalance: is missing, or has no id")
    try:
        is_ours = await follower.follow_now(hint)
    except StorageError:
        return _refusal(503, "nothing can be stored now; send it again")
    query = "followed" if is_ours else "ignored"
    subscription = {"id": hint.event, "callback": request.url.path, "query": query}
    return _json(subscription, 201)


async def _genuine(desk: OperatorDesk, request: Request) -> bytes | Response:
    """Read the body of a TM Forum notice, or refuse it: it has to be signed, or bear the token."""
    body = await _body(request)
    if body is None:
        return _refusal(413, "the body is too long or incomplete")
    is_signed = is_genuine(request.headers, body, desk.secrets, desk.clock())
    if not is_signed and not _has_token(request, desk.token):
        return _refusal(401, "a signature or the bearer token is needed")
    return body


async def _contacts(desk: OperatorDesk, request: Request) -> Response:
    body = await _genuine(desk, request)
    if isinstance(body, Response):
        return body
    try:
        answer = await _taken(desk, read_interaction(body))
    except StorageError:
        return _refusal(503, "nothing can be stored now; send it again")
    if answer.status not in _GOOD:
        return _single(answer)
    if is_v5(body):
        return Response(status_code=204)
    subscription = {"id": answer.id, "callback": request.url.path, "query": answer.result}
    return _json(subscription, 201)


async def _taken(desk: OperatorDesk, item: Report | Fault) -> _Answer:
    if isinstance(item, Fault):
        return _Answer(400, "unreadable", item.why, item.id)
    taken = await desk.intake.happened(item)
    return _Answer(_STATUS[taken.result], taken.result.value, taken.why, item.id)


def _is_whole(item: Report | Fault) -> bool:
    return isinstance(item, Fault) and item.is_whole


async def _body(request: Request) -> bytes | None:
    """Read the body; None if it is longer than anything reasonable, or breaks off."""
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_BODY:
                return None
    except ClientDisconnect:
        return None
    return bytes(body)


def _has_token(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "")
    return bool(token) and hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def _single(answer: _Answer) -> Response:
    if answer.result == "unreadable":
        return _refusal(answer.status, answer.why)
    return _json({"result": answer.result, "why": answer.why}, answer.status)


def _refusal(status: int, why: str) -> Response:
    return _json({"error": why[:300]}, status)


def _json(value: object, status: int) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
