"""What may follow what in a broadcast, who is passed over, and what an approval covers."""

from dataclasses import replace

import pytest

from flows.broadcast import (
    Act,
    BroadcastError,
    BroadcastState,
    Candidate,
    Draft,
    Reason,
    after,
    check_approval,
    exclusion,
    fingerprint,
)

DRAFT = Draft({"de": "Guten Tag", "en": "Hello"}, "state:streak", author="9001")
WELCOME = Candidate(
    state="streak", has_basis=True, has_address=True, is_opted_out=False, is_blocked=False
)


def test_the_usual_way_through() -> None:
    state = BroadcastState.DRAFT

    for act in (Act.APPROVE, Act.START, Act.PAUSE, Act.RESUME, Act.CANCEL):
        state = after(state, act)

    assert state is BroadcastState.CANCELLED


def test_what_is_started_before_its_hour_waits() -> None:
    assert after(BroadcastState.APPROVED, Act.START, is_due=False) is BroadcastState.SCHEDULED


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("over", [BroadcastState.DONE, BroadcastState.CANCELLED])
def test_nothing_happens_to_a_broadcast_that_is_over(act: Act, over: BroadcastState) -> None:
    with pytest.raises(BroadcastError, match="draft a new one"):
        after(over, act)


def test_a_draft_cannot_be_started() -> None:
    with pytest.raises(BroadcastError, match="second person approves"):
        after(BroadcastState.DRAFT, Act.START)


def test_the_author_cannot_approve() -> None:
    with pytest.raises(BroadcastError, match="second person"):
        check_approval(DRAFT, "9001", fingerprint(DRAFT))


@pytest.mark.parametrize(
    "changed",
    [
        replace(DRAFT, texts={"de": "Guten Tag!", "en": "Hello"}),
        replace(DRAFT, audience="state:steps"),
        replace(DRAFT, limit=100),
        replace(DRAFT, at="2026-12-01T10:00"),
    ],
    ids=["a letter", "the audience", "the limit", "the hour"],
)
def test_an_approval_covers_exactly_what_was_seen(changed: Draft) -> None:
    seen = fingerprint(DRAFT)

    check_approval(DRAFT, "9002", seen)

    with pytest.raises(BroadcastError, match="changed"):
        check_approval(changed, "9002", seen)


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (WELCOME, None),
        (replace(WELCOME, state="held_out"), Reason.HELD_OUT),
        (replace(WELCOME, is_opted_out=True, is_blocked=True), Reason.OPTED_OUT),
        (replace(WELCOME, has_basis=False), Reason.NO_CONSENT),
        (replace(WELCOME, has_address=False), Reason.NO_ADDRESS),
        (replace(WELCOME, is_blocked=True), Reason.BLOCKED),
        (replace(WELCOME, is_capped=True, was_contacted=True), Reason.CAP),
        (replace(WELCOME, was_contacted=True), Reason.RECENTLY_CONTACTED),
    ],
)
def test_everybody_passed_over_has_one_reason(candidate: Candidate, reason: Reason | None) -> None:
    assert exclusion(candidate) is reason
