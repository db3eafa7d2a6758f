"""A signature is genuine or it is not; nothing that is sent makes the check fail otherwise."""

import base64
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from bot.carrier.feed import Report, is_genuine
from flows.events import HotlineCalled
from tests.cast import NOON

OLD = "whsec_" + base64.b64encode(b"the old secret of the operator").decode()
NEW = "whsec_" + base64.b64encode(b"the new secret of the operator").decode()
BODY = '{"id": "é"}'.encode()


def signed(secret: str = NEW, body: bytes = BODY, *, minutes: float = 0) -> dict[str, str]:
    """Sign as an operator does."""
    at = NOON + timedelta(minutes=minutes)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, body.decode()),
    }


@pytest.mark.parametrize("minutes", [0, -5, 5])
def test_a_signature_of_these_five_minutes_is_genuine(minutes: int) -> None:
    assert is_genuine(signed(minutes=minutes), BODY, [NEW], NOON)


def test_either_of_two_secrets_will_do() -> None:
    assert is_genuine(signed(OLD), BODY, [NEW, OLD], NOON)


def test_one_of_several_signatures_will_do() -> None:
    headers = signed(OLD)
    headers["webhook-signature"] = f"v1a,xyz {signed(NEW)['webhook-signature']} v1,AAAA"

    assert is_genuine(headers, BODY, [NEW], NOON)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"webhook-id": "msg_2"}, "another id"),
        ({"webhook-id": ""}, "no id"),
        ({"webhook-timestamp": ""}, "no time"),
        ({"webhook-timestamp": "soon"}, "a garbled time"),
        ({"webhook-timestamp": "²"}, "a digit that is none"),
        ({"webhook-timestamp": "9" * 30}, "a time beyond all times"),
        ({"webhook-signature": ""}, "no signature"),
        ({"webhook-signature": "v1"}, "half a signature"),
        ({"webhook-signature": "v1,%%%"}, "a garbled signature"),
        ({"webhook-signature": "v1,é"}, "a signature that is not ASCII"),
    ],
)
def test_what_is_missing_or_garbled_is_not_genuine(change: dict[str, str], why: str) -> None:
    assert not is_genuine(signed() | change, BODY, [NEW], NOON), why


@pytest.mark.parametrize("minutes", [-5.1, 5.1])
def test_what_is_stale_or_ahead_is_not_genuine(minutes: float) -> None:
    assert not is_genuine(signed(minutes=minutes), BODY, [NEW], NOON)


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_"], ["whsec_%%%"], ["whsec_é"], [OLD]])
def test_without_the_right_secret_nothing_is_genuine(secrets: list[str]) -> None:
    assert not is_genuine(signed(), BODY, secrets, NOON)


def test_another_body_or_one_that_is_no_utf8_is_not_genuine() -> None:
    assert not is_genuine(signed(), BODY + b" ", [NEW], NOON)
    assert not is_genuine(signed(), b"\xff\xfe", [NEW], NOON)


@given(st.dictionaries(st.sampled_from(list(signed())), st.text()), st.binary())
def test_the_check_never_raises(headers: dict[str, str], body: bytes) -> None:
    assert not is_genuine(headers, body, [NEW], NOON)


def test_a_report_ahead_of_our_clock_says_so() -> None:
    call = HotlineCalled(at=NOON + timedelta(minutes=6), call_id="C-1", duration_s=60)
    ahead = Report("crm", "1", "t", "100001", NOON, call, b"")
    late = Report("crm", "1", "t", "100001", NOON + timedelta(minutes=5), None, b"")

    assert ahead.is_ahead(NOON)
    assert not late.is_ahead(NOON)
