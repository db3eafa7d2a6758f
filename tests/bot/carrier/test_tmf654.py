"""What each answer of the operator means, as a table: body and status in, our word out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from bot.carrier.bodies import Dialect, Kept, Version, megabytes_of
from bot.carrier.carrier import (
    Accepted,
    Booked,
    CarrierAnswer,
    Contested,
    CreditOrder,
    Failed,
    Halted,
    Record,
    Rejected,
    Standing,
    Unclear,
    UnusableOrderError,
)
from bot.carrier.paging import Incomplete, Lists
from bot.carrier.tmf654 import Tmf654
from bot.carrier.transport import NoReply, Reply
from flows.credit import credit_id
from tests.bot.carrier.house import ALICE, ALICES_BUCKET, ALICES_VIDEO, NEW_YEAR, order, reversal
from tests.cast import NOON

pytestmark = pytest.mark.anyio

Heard = Reply | NoReply
NAME = str(ALICES_VIDEO)
MINUS_600 = {"amount": -600, "units": "MB"}


def reply(status: int, body: object = b"", **headers: str) -> Reply:
    """Answer with JSON, or with these bytes as they are."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Reply(status, raw, {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(slots=True)
class Script:
    """A Transport that answers what it was told to, and remembers what it was asked."""

    posts: list[Heard] = field(default_factory=list)
    gets: list[Heard] = field(default_factory=list)
    asked: list[tuple[str, bytes, Mapping[str, str]]] = field(default_factory=list)

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Heard:
        self.asked.append((path, b"", query or {}))
        return self.gets.pop(0)

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Heard:
        self.asked.append((path, body, headers or {}))
        return self.posts.pop(0)

    async def close(self) -> None:
        """Nothing is open."""


def client(script: Script, dialect: Dialect | None = None, page_size: int | None = 2) -> Tmf654:
    return Tmf654(script, dialect or Dialect(), Lists(page_size=page_size))


LOST = NoReply("no answer: TimeoutError", has_left=True)
ERROR = {"code": "22", "reason": "the bucket is closed"}
FEBRUARY = {"endDateTime": "2027-02-01T00:00:00Z"}
WHERE = "CARRIER_URL leads to no TMF654"


@pytest.mark.parametrize(
    ("heard", "means"),
    [
        (reply(201, {"id": "T1", "status": "created"}), Accepted("T1")),
        (reply(200, {"id": "T1", "status": "completed"}), Booked("T1", NEW_YEAR)),
        (reply(201, {"id": 17, "status": "completed"}), Booked("17", NEW_YEAR)),
        (
            reply(201, {"id": "T1", "status": "completed", "validFor": FEBRUARY}),
            Booked("T1", datetime(2027, 2, 1, tzinfo=UTC)),
        ),
        (reply(201, {"id": "T1", "status": "failed"}), Failed("failed", "T1")),
        (reply(201, {"id": "T1", "status": "cancelled"}), Failed("cancelled", "T1")),
        (reply(201, {"id": "T1", "status": "in progress"}), Accepted("T1")),
        (reply(201, {"id": "T1", "status": ["?"]}), Accepted("T1")),
        (reply(201, {"id": "T1", "confirmationDate": "2026-12-01"}), Booked("T1", NEW_YEAR)),
        (reply(201, {"status": "completed"}), Unclear("a top-up without id")),
        (reply(201, b""), Unclear("status 201 with no top-up in it")),
        (reply(200, b"<html>Login"), Unclear("status 200 with no top-up in it")),
        (reply(201, b'{"id": "T1", "sta'), Unclear("status 201 with no top-up in it")),
        (reply(201, b"\xff\xfe"), Unclear("status 201 with no top-up in it")),
        (reply(400, ERROR), Rejected("400 22: the bucket is closed")),
        (reply(422, ERROR), Rejected("422 22: the bucket is closed")),
        (reply(400, b"<h1>Bad Request</h1>"), Unclear("status 400")),
        (reply(500, ERROR), Unclear("status 500")),
        (reply(502, b"<html>"), Unclear("status 502")),
        (reply(302, b""), Unclear("status 302")),
        (reply(401, ERROR), Halted("401: the credentials are refused")),
        (reply(403, ERROR), Halted("403: the credentials are refused")),
        (reply(404, b"Not Found"), Halted(f"404: {WHERE}")),
        (reply(405, ERROR), Halted(f"405: {WHERE}")),
        (reply(429, b"", retry_after="7"), Halted("429: too many requests", timedelta(seconds=7))),
        (reply(503, b""), Halted("503: closed for now", may_have_booked=True)),
        (LOST, Unclear("no answer: TimeoutError")),
        (NoReply("no connection", has_left=False), Halted("no connection")),
    ],
)
async def test_an_order_comes_to_what_is_certain(heard: Heard, means: CarrierAnswer) -> None:
    script = Script(posts=[heard])

    assert await client(script).request(order()) == means
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("rows", "means"),
    [
        ([{"id": "T1", "description": f"x {NAME.upper()} y", "status": "created"}], Accepted("T1")),
        (
            [
                {"id": "T1", "description": NAME, "status": "failed"},
                {"id": "T2", "description": NAME, "status": "created"},
                {"id": "T3", "description": NAME, "status": "completed"},
            ],
            Booked("T3"),
        ),
        (
            [
                {"id": "T1", "description": NAME, "status": "failed"},
                {"id": "T2", "description": NAME, "status": "created"},
            ],
            Accepted("T2"),
        ),
        ([{"id": "T1", "description": NAME, "status": "failed"}], Failed("failed", "T1")),
        ([{"id": "T1", "description": None}, {"id": "T2", "description": 7}], None),
        ([], None),
    ],
)
async def test_a_look_up_finds_the_best_of_all_attempts(
    rows: list[dict[str, object]], means: CarrierAnswer | None
) -> None:
    script = Script(gets=[reply(200, rows), reply(200, [])])

    assert await client(script).look_up(ALICES_VIDEO, NOON) == means


async def test_a_look_up_reads_every_page() -> None:
    others = [{"id": f"T{n}", "description": "another"} for n in range(3)]
    ours = {"id": "T9", "description": NAME, "status": "completed"}
    pages = [reply(206, rows) for rows in (others[:2], others[2:], [ours], [])]
    script = Script(gets=[*pages])

    assert await client(script).look_up(ALICES_VIDEO, NOON) == Booked("T9")
    assert [query["offset"] for _, _, query in script.asked] == ["0", "2", "3", "4"]


@pytest.mark.parametrize(
    ("last", "why"),
    [
        (LOST, "no answer: TimeoutError"),
        (reply(500), "status 500, or no list"),
        (reply(200, b"<html>"), "status 200, or no list"),
        (reply(200, {"id": "T1"}), "status 200, or no list"),
        (reply(200, [{"id": "T1"}]), "the list does not move on"),
    ],
)
async def test_a_list_that_was_not_read_to_its_end_proves_nothing(last: Heard, why: str) -> None:
    script = Script(gets=[reply(200, [{"id": "T1"}]), last])

    assert await client(script).look_up(ALICES_VIDEO, NOON) == Unclear(why)


async def test_the_total_tells_that_a_list_is_whole() -> None:
    script = Script(gets=[reply(200, [{"id": "T1"}], x_total_count="1")])

    assert await client(script).look_up(ALICES_VIDEO, NOON) is None


async def test_an_operator_without_pages_gives_the_list_at_once() -> None:
    script = Script(gets=[reply(200, [{"id": "T1"}])])

    assert await client(script, page_size=None).look_up(ALICES_VIDEO, NOON) is None
    assert script.asked == [("/topupBalance", b"", {})]


async def test_many_credits_are_looked_up_in_one_reading() -> None:
    app, streak = (credit_id("online-statt-hotline", "100001", s) for s in ("app", "streak"))
    rows = [
        {"id": "T1", "description": NAME, "status": "failed"},
        {"id": "T2", "description": f"bonus {NAME}".upper(), "status": "completed"},
        {"id": "T3", "description": str(app), "status": "created"},
        {"id": "T4", "description": None},
    ]
    script = Script(gets=[reply(200, rows, x_total_count="4")])

    found = await client(script).look_up_all([ALICES_VIDEO, app, streak], NOON)

    assert found == {ALICES_VIDEO: Booked("T2"), app: Accepted("T3"), streak: None}
    assert len(script.asked) == 1


async def test_a_list_that_breaks_off_proves_nothing_of_any() -> None:
    script = Script(gets=[reply(200, [{"id": "T1"}]), reply(503)])

    found = await client(script).look_up_all([ALICES_VIDEO], NOON)

    assert found == {ALICES_VIDEO: Halted("503: closed for now", may_have_booked=True)}


async def test_the_operators_books_are_read_as_records() -> None:
    rows = [
        {
            "id": "T1",
            "description": NAME,
            "status": "completed",
            "amount": {"amount": 0.6, "units": "GB"},
            "bucket": {"id": "B1"},
            "logicalResource": [{"id": "491713920011"}],
        },
        {"id": "T2", "status": "created", "channel": {"id": "statthotline"}},
        {"id": "T3", "status": "completed", "channel": {"id": "shop"}, "description": "a gift"},
        {"id": "T4", "status": "cancelled", "description": NAME, "logicalResource": {"id": 49}},
        {"status": "completed", "description": NAME},
    ]
    back = [{"id": "A1", "description": NAME, "status": "completed", "amount": MINUS_600}]
    script = Script(gets=[reply(200, rows), reply(200, []), reply(200, back), reply(200, [])])

    assert await client(script).records(NOON) == (
        Record("T1", ALICES_VIDEO, Standing.BOOKED, 600, "B1", "491713920011"),
        Record("T2", None, Standing.UNDER_WAY),
        Record("T4", ALICES_VIDEO, Standing.FAILED, phone="49"),
        Record("A1", ALICES_VIDEO, Standing.BOOKED, -600),
    )


async def test_an_operator_without_adjustments_has_taken_nothing_back() -> None:
    script = Script(gets=[reply(200, []), reply(404, ERROR)], posts=[reply(405, ERROR)])

    assert await client(script).records(NOON) == ()
    answer = await client(script).corrections.request(reversal())
    assert answer == Rejected("the operator offers no /adjustBalance; take it back by hand")


async def test_books_that_cannot_be_read_whole_are_no_books() -> None:
    script = Script(gets=[reply(200, [{"id": "T1"}]), LOST])

    assert isinstance(await client(script).records(NOON), Incomplete)


async def test_a_conflict_is_looked_up_and_adopted() -> None:
    ours = {"id": "T9", "description": NAME, "status": "created"}
    script = Script(posts=[reply(409, ERROR)], gets=[reply(200, [ours]), reply(200, [])])

    assert await client(script).request(order()) == Accepted("T9")


@pytest.mark.parametrize("rows", [[], [{"id": "T1", "description": NAME, "status": "failed"}]])
async def test_a_conflict_over_nothing_that_stands_is_contested(rows: list[object]) -> None:
    script = Script(posts=[reply(409, ERROR)], gets=[reply(200, rows), reply(200, [])])

    assert await client(script).request(order()) == Contested("409, but no top-up carries our id")


async def test_a_conflict_that_cannot_be_looked_up_may_be_a_booking() -> None:
    script = Script(posts=[reply(409, ERROR)], gets=[reply(429)])

    answer = await client(script).request(order())

    assert answer == Halted("429: too many requests", may_have_booked=True)


async def test_the_bucket_of_the_number_is_chosen_whatever_else_the_list_holds() -> None:
    def bucket(id_: str, number: str = "+49 171 3920011", **rest: object) -> dict[str, object]:
        own = {"id": id_, "logicalResource": [{"id": number}], "partyAccount": {"id": "A-1"}}
        return own | rest

    rows = [
        bucket("B-0", number="491713920012"),
        bucket("B-1", usageType="voice"),
        bucket("B-2", status="expired"),
        bucket("B-3", isShared=True, usageType="data", status="active"),
        bucket("B-4", usageType="data", status="active"),
    ]
    script = Script(posts=[reply(201, {"id": "T1"})], gets=[reply(200, rows), reply(200, [])])

    await client(script).request(order(ALICE))

    sent = msgspec.json.decode(script.asked[-1][1])
    assert (sent["bucket"], sent["partyAccount"]) == ({"id": "B-4"}, {"id": "A-1"})


@pytest.mark.parametrize(
    ("gets", "means"),
    [
        ([reply(200, [])], Failed("not sent: the number has no active data bucket")),
        ([LOST], Failed("not sent: the bucket cannot be looked up: no answer: TimeoutError")),
        ([reply(503)], Halted("503: closed for now")),
        ([reply(401)], Halted("401: the credentials are refused")),
    ],
)
async def test_without_a_bucket_nothing_is_ordered(gets: list[Heard], means: CarrierAnswer) -> None:
    script = Script(gets=gets)

    assert await client(script).request(order(ALICE)) == means
    assert all(path == "/bucket" for path, _, _ in script.asked)


async def test_the_body_of_4_0_is_the_documented_one() -> None:
    script = Script(posts=[reply(201, {"id": "T1"})])

    await client(script).request(order())

    path, body, headers = script.asked[0]
    assert (path, headers) == ("/topupBalance", {"Idempotency-Key": NAME})
    assert msgspec.json.decode(body) == {
        "amount": {"amount": 600, "units": "MB"},
        "usageType": "data",
        "bucket": {"id": "B-491713920011"},
        "partyAccount": {"id": "A-491713920011"},
        "logicalResource": [{"id": "491713920011"}],
        "channel": {"id": "statthotline"},
        "requestor": {"id": "statthotline", "@referredType": "Organization"},
        "reason": "video",
        "description": NAME,
        "validFor": {"endDateTime": "2026-12-31T23:00:00Z"},
    }


async def test_the_body_of_4_1_is_the_documented_one() -> None:
    script = Script(posts=[reply(201, {"id": "T1", "status": "completed"})])
    dialect = Dialect(Version.V4_1, kept_in=Kept.VOUCHER)

    answer = await client(script, dialect).request(order())

    sent = msgspec.json.decode(script.asked[0][1])
    assert sent["logicalResource"] == {"id": "491713920011"}
    assert sent["voucher"] == NAME
    assert "description" not in sent
    assert "validFor" not in sent
    assert answer == Booked("T1")  # nobody told the operator until when


@pytest.mark.parametrize(
    ("version", "amount", "kind", "line"),
    [
        (Version.V4_0, -600, "oneTime", [{"id": "491713920011"}]),
        (Version.V4_1, 600, "oneTimeChargeDebit", {"id": "491713920011"}),
    ],
)
async def test_a_credit_is_taken_back_by_an_adjustment(
    version: Version, amount: int, kind: str, line: object
) -> None:
    script = Script(posts=[reply(201, {"id": "A1", "status": "completed"})])
    carrier = client(script, Dialect(version, kept_in=Kept.VOUCHER))

    answer = await carrier.corrections.request(reversal())

    name = str(reversal().credit_id)
    path, body, headers = script.asked[0]
    assert (path, headers) == ("/adjustBalance", {"Idempotency-Key": name})
    sent = msgspec.json.decode(body)
    assert (sent["amount"], sent["adjustType"]) == ({"amount": amount, "units": "MB"}, kind)
    assert (sent["description"], sent["logicalResource"]) == (name, line)
    assert ("validFor" in sent, "voucher" in sent) == (False, False)
    assert answer == Booked("A1")


@pytest.mark.parametrize("megabytes", [0, -600, True, 1.8])
def test_an_amount_that_no_schema_would_stop_is_stopped_here(megabytes: int) -> None:
    with pytest.raises(UnusableOrderError, match="megabytes"):
        CreditOrder(ALICES_VIDEO, ALICES_BUCKET, megabytes, "video", "osh")


def test_a_validity_without_a_zone_is_stopped_here() -> None:
    with pytest.raises(UnusableOrderError, match="zone"):
        CreditOrder(ALICES_VIDEO, ALICES_BUCKET, 600, "video", "osh", datetime(2027, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("heard", "means"),
    [
        (reply(200, {"id": "T1", "status": "created"}), Accepted("T1")),
        (reply(404, ERROR), None),
        (reply(500), Unclear("status 500")),
        (reply(200, b"<html>"), Unclear("status 200 with no top-up in it")),
        (reply(403), Halted("403: the credentials are refused")),
        (LOST, Unclear("no answer: TimeoutError")),
    ],
)
async def test_a_poll_tells_what_is_known(heard: Heard, means: CarrierAnswer | None) -> None:
    script = Script(gets=[heard])

    assert await client(script).follow("T 1/ä") == means
    assert script.asked[0][0] == "/topupBalance/T%201%2F%C3%A4"


@pytest.mark.parametrize(
    ("quantity", "megabytes"),
    [
        ({"amount": 2.4, "units": "GB"}, 2400),
        ({"amount": 1.8, "units": "gb"}, 1800),
        ({"amount": 600, "units": "MB"}, 600),
        ({"amount": 1, "units": "GiB"}, 1073),
        ({"amount": -5, "units": "MB"}, 0),
        ({"amount": 5, "units": "EUR"}, None),
        ({"amount": "5", "units": "MB"}, None),
        ({"amount": 1e308, "units": "TB"}, None),
        ({"units": "MB"}, None),
        (None, None),
    ],
)
def test_volumes_are_read_in_whole_decimal_megabytes(
    quantity: object, megabytes: int | None
) -> None:
    assert megabytes_of(quantity) == megabytes
