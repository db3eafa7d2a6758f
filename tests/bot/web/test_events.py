"""The operator's doors, called as the operator calls them."""

import base64
from collections.abc import Mapping

import httpx
import msgspec
import pytest
from standardwebhooks import Webhook
from starlette.applications import Starlette

from bot.carrier.feed import Report, Result, Taken
from bot.web.events import LARGEST_BODY, LISTENERS, OperatorDesk, routes
from storage.errors import StorageError
from tests.bot.carrier.published import check, needs_specs
from tests.bot.carrier.test_cloudevents import event
from tests.bot.carrier.test_tmf683 import notice, v5_notice
from tests.cast import NOON

pytestmark = pytest.mark.anyio

SECRET = "whsec_" + base64.b64encode(b"what both of us know, and only we").decode()
TOKEN = "a bearer's token"  # noqa: S105  opens only this test's door
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
CREATED = f"/tmf/listener/{LISTENERS[0]}"


class Door:
    """The routes before an intake that answers what it is told to."""

    def __init__(self, *, secrets: tuple[str, ...] = (SECRET,), token: str = TOKEN) -> None:
        self.reports: list[Report] = []
        self.results: dict[str, Result] = {}
        self.is_broken = False
        desk = OperatorDesk(self, lambda: NOON, secrets, token)
        transport = httpx.ASGITransport(Starlette(routes=routes(desk)))
        self.client = httpx.AsyncClient(transport=transport, base_url="https://bot.example")

    async def happened(self, report: Report) -> Taken:
        if self.is_broken:
            raise StorageError
        self.reports.append(report)
        return Taken(self.results.get(report.id, Result.APPLIED), "because")

    async def post(
        self, path: str, body: bytes, kind: str = STRUCTURED, *, is_signed: bool = True
    ) -> httpx.Response:
        """Send a body, signed unless it is said otherwise."""
        headers = {"content-type": kind}
        if is_signed:
            headers |= sign(body)
        return await self.client.post(path, content=body, headers=headers)


def sign(body: bytes) -> Mapping[str, str]:
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(NOON.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", NOON, body.decode()),
    }


EVENT = msgspec.json.encode(event())
NOTICE = msgspec.json.encode(notice())


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (Result.APPLIED, 200),
        (Result.REPEAT, 200),
        (Result.HELD, 200),
        (Result.UNKNOWN_CUSTOMER, 200),
        (Result.IGNORED, 202),
        (Result.QUARANTINED, 202),
        (Result.CONFLICT, 409),
    ],
)
async def test_an_event_is_answered_by_what_became_of_it(result: Result, status: int) -> None:
    door = Door()
    door.results["E-1"] = result

    answer = await door.post("/events", EVENT)

    assert answer.status_code == status
    assert answer.json() == {"result": result.value, "why": "because"}
    assert [report.id for report in door.reports] == ["E-1"]


async def test_what_is_not_signed_is_not_even_read() -> None:
    door = Door()

    unsigned = await door.post("/events", b"{", is_signed=False)
    forged = await door.client.post("/events", content=EVENT, headers=sign(b"{}"))
    no_text = await door.client.post("/events", content=b"\xff", headers=sign(b""))
    by_token = await door.client.post(
        "/events", content=EVENT, headers={"authorization": f"Bearer {TOKEN}"}
    )

    assert {a.status_code for a in (unsigned, forged, no_text, by_token)} == {401}
    assert door.reports == []


@pytest.mark.parametrize("path", ["/events", CREATED])
async def test_without_secrets_and_token_everything_is_refused(path: str) -> None:
    door = Door(secrets=(), token="")

    signed = await door.post(path, EVENT)
    empty = await door.client.post(path, content=EVENT, headers={"authorization": "Bearer "})

    assert (signed.status_code, empty.status_code) == (401, 401)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "the body is no JSON"),
        (b'{"specversion": "1.0"}', "id: is missing"),
        (
            msgspec.json.encode(event(time="2026-12-01T12:00:00")),
            "time: must be a time with a zone",
        ),
    ],
)
async def test_what_cannot_be_read_is_refused_in_one_line(body: bytes, why: str) -> None:
    door = Door()

    answer = await door.post("/events", body)

    assert (answer.status_code, answer.json()) == (400, {"error": why})
    assert door.reports == []


async def test_a_batch_is_answered_item_by_item() -> None:
    door = Door()
    door.results = {"2": Result.CONFLICT}
    items = [event(id="1"), event(id="2"), event(id="3", time=None)]

    answer = await door.post("/events", msgspec.json.encode(items), BATCH)
    good = await door.post("/events", msgspec.json.encode(items[:1]), BATCH)
    none = await door.post("/events", b"[]", BATCH)
    broken = await door.post("/events", b"[", BATCH)

    assert answer.status_code == 207
    assert answer.json() == [
        {"status": 200, "result": "applied", "why": "because", "id": "1"},
        {"status": 409, "result": "conflict", "why": "because", "id": "2"},
        {"status": 400, "result": "unreadable", "why": "time: is missing", "id": "3"},
    ]
    assert (good.status_code, none.status_code, none.json()) == (200, 200, [])
    assert broken.status_code == 400


async def test_binary_mode_goes_by_headers() -> None:
    door = Door()
    said = event()
    body = msgspec.json.encode(said.pop("data"))
    headers = {f"ce-{name}": str(value) for name, value in said.items()}
    headers |= {"content-type": "application/json"} | dict(sign(body))

    answer = await door.client.post("/events", content=body, headers=headers)

    assert answer.status_code == 200
    assert door.reports[0].customer == "100001"


@pytest.mark.parametrize("path", ["/events", CREATED])
async def test_what_cannot_be_stored_is_to_be_sent_again(path: str) -> None:
    door = Door()
    door.is_broken = True

    answer = await door.post(path, EVENT if path == "/events" else NOTICE)

    assert answer.status_code == 503


async def test_a_body_without_end_is_not_read_to_its_end() -> None:
    door = Door()

    answer = await door.post("/events", b" " * (LARGEST_BODY + 1))

    assert answer.status_code == 413


@pytest.mark.parametrize("listener", LISTENERS)
async def test_a_contact_of_4_0_is_answered_with_a_subscription(listener: str) -> None:
    door = Door()

    answer = await door.post(f"/tmf/listener/{listener}", NOTICE, "application/json")

    assert answer.status_code == 201
    assert answer.json() == {
        "id": "EV-1",
        "callback": f"/tmf/listener/{listener}",
        "query": "applied",
    }
    assert door.reports[0].customer == "100001"


@needs_specs
async def test_that_answer_fits_the_published_schema() -> None:
    answer = await Door().post(CREATED, NOTICE, "application/json")

    check("683", "EventSubscription", answer.content)


async def test_a_contact_of_5_0_is_answered_with_nothing() -> None:
    answer = await Door().post(CREATED, msgspec.json.encode(v5_notice()), "application/json")

    assert (answer.status_code, answer.content) == (204, b"")


async def test_the_bearer_token_is_as_good_as_a_signature_for_contacts() -> None:
    door = Door(secrets=())

    right = await door.client.post(
        CREATED, content=NOTICE, headers={"authorization": f"Bearer {TOKEN}"}
    )
    wrong = await door.client.post(
        CREATED, content=NOTICE, headers={b"authorization": "Bearer ünknown".encode("latin-1")}
    )

    assert (right.status_code, wrong.status_code) == (201, 401)


async def test_a_contact_that_cannot_be_read_or_conflicts_says_so() -> None:
    door = Door()
    door.results["EV-1"] = Result.CONFLICT

    unreadable = await door.post(CREATED, b"{}")
    conflict = await door.post(CREATED, NOTICE)

    assert (unreadable.status_code, unreadable.json()) == (400, {"error": "eventId: is missing"})
    assert conflict.status_code == 409


@pytest.mark.parametrize("path", ["/events", CREATED])
async def test_a_get_changes_nothing(path: str) -> None:
    assert (await Door().client.get(path)).status_code == 405
