"""One table: what each answer of Twilio means."""

from datetime import timedelta

import pytest

from bot.channels.channel import Fault, NotSent, Refused, Unknown
from bot.channels.sms_outcomes import classify, judge_receipt, rank

REFUSALS = [
    (401, 20003, Fault.ACCOUNT, "wrong credentials"),
    (401, None, Fault.ACCOUNT, "wrong credentials, without a code"),
    (403, None, Fault.ACCOUNT, "forbidden"),
    (404, 20404, Fault.ACCOUNT, "no such account"),
    (403, 30002, Fault.ACCOUNT, "suspended"),
    (307, None, Fault.SENDER, "the origin redirects: a wrong setting"),
    (400, 21408, Fault.SENDER, "region"),
    (400, 21606, Fault.SENDER, "not our number"),
    (400, 21608, Fault.SENDER, "trial"),
    (400, 21612, Fault.SENDER, "no route"),
    (400, 21657, Fault.SENDER, "sender"),
    (400, 21659, Fault.SENDER, "sender"),
    (400, 21660, Fault.SENDER, "sender"),
    (400, 21661, Fault.SENDER, "sender"),
    (400, 21211, Fault.ADDRESS, "bad number"),
    (400, 21217, Fault.ADDRESS, "bad number"),
    (400, 21265, Fault.ADDRESS, "bad number"),
    (400, 21401, Fault.ADDRESS, "bad number"),
    (400, 21614, Fault.ADDRESS, "landline"),
    (400, 21635, Fault.ADDRESS, "landline"),
    (400, 30005, Fault.ADDRESS, "nobody there"),
    (400, 30006, Fault.ADDRESS, "unreachable carrier"),
    (400, 21610, Fault.OPTED_OUT, "opted out at Twilio"),
    (400, 30004, Fault.BLOCKED, "blocked"),
    (400, 63014, Fault.BLOCKED, "blocked by the user"),
    (400, 30007, Fault.CONTENT, "filtered"),
    (400, 21602, Fault.OURS, "no body"),
    (400, 21617, Fault.OURS, "too long"),
    (400, 21619, Fault.OURS, "no body"),
    (400, 90007, Fault.OURS, "validity period"),
    (400, 30003, Fault.LATER, "the handset is off"),
    (400, 30008, Fault.LATER, "unknown carrier failure"),
    (400, 30017, Fault.LATER, "congestion"),
    (400, 30022, Fault.LATER, "carrier's rate"),
    (400, 30036, Fault.LATER, "validity ended"),
    (400, 12345, Fault.OURS, "an error nobody knows fails this row and stops nothing"),
    (400, None, Fault.OURS, "a clean refusal without a code"),
]


@pytest.mark.parametrize(("status", "code", "fault", "why"), REFUSALS)
def test_a_refusal_has_its_class(status: int, code: int | None, fault: Fault, why: str) -> None:
    assert classify(status, code) == Refused(fault, str(code or status)), why


@pytest.mark.parametrize(
    ("status", "code", "wait", "why"),
    [
        (429, 20429, timedelta(seconds=1), "too many at once: not processed"),
        (429, None, timedelta(seconds=1), "too many at once, without a code"),
        (400, 21611, timedelta(minutes=10), "the sender's queue is full"),
        (400, 30001, timedelta(minutes=10), "the service's queue is full"),
        (400, 60728, timedelta(hours=1), "hourly cap"),
        (400, 63017, timedelta(hours=1), "cap"),
        (400, 63018, timedelta(minutes=1), "rate"),
        (400, 63038, timedelta(hours=6), "daily cap"),
    ],
)
def test_a_full_house_keeps_everybody_waiting_and_loses_nobody(
    status: int, code: int | None, wait: timedelta, why: str
) -> None:
    outcome = classify(status, code)

    assert isinstance(outcome, NotSent), why
    assert (outcome.retry_after, outcome.holds) == (wait, "lane"), why


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, 20500), (502, None), (503, None), (504, None), (400, 30410), (408, None), (200, 20500)],
)
def test_a_servers_fault_may_have_been_sent(status: int, code: int | None) -> None:
    assert classify(status, code) == Unknown(f"{status}/{code}")


@pytest.mark.parametrize(
    ("code", "fault"),
    [("21610", Fault.OPTED_OUT), ("30007", Fault.CONTENT), ("999", None), ("", None), (None, None)],
)
def test_a_callbacks_code_is_read_by_the_same_table(code: str | None, fault: Fault | None) -> None:
    assert judge_receipt(code) is fault


def test_a_code_that_is_no_number_says_nothing() -> None:
    assert [judge_receipt(code) for code in ("abc", "²", "-1", " 21610")] == [None] * 4


def test_statuses_climb_and_an_unknown_one_moves_nothing() -> None:
    course = ["scheduled", "accepted", "queued", "sending", "sent", "delivered"]

    assert [rank(status) for status in course] == [0, 1, 2, 3, 4, 5]
    assert {rank(status) for status in ("undelivered", "failed", "canceled", "read")} == {5}
    assert rank("teleported") == -1
