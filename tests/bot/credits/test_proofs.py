"""The chain of one credit: each link is there, covers the one before it, and lies are found."""

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from bot.campaigns import fingerprint
from bot.carrier.carrier import Booked, CarrierAnswer, Failed, Halted
from bot.credits.decisions import By
from bot.credits.proofs import Proof, prove
from bot.terms import Terms
from flows.credit import CreditState
from tests.bot.programme_house import ProgrammeHouse, programme_house
from tests.cast import TERMS

pytestmark = pytest.mark.anyio

WHOLE = ["event", "terms", "consent", "request", "record", "message"]
TAKEN_BACK = ["decision", "reversal", "message", "message"]


@dataclass(frozen=True)
class Operator:
    """An operator that always answers the same."""

    answer: CarrierAnswer | None

    async def follow(self, provider_id: str) -> CarrierAnswer | None:
        assert provider_id == "T-video"
        return self.answer


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ProgrammeHouse]:
    async with programme_house(tmp_path) as house:
        await house.join()
        await house.do_steps()
        await house.book("video")
        yield house


async def proved(house: ProgrammeHouse, step: str = "video", answer: object = ...) -> Proof:
    credit = (await house.credit(step)).id
    operator = None
    if answer is not ...:
        assert answer is None or isinstance(answer, Booked | Failed | Halted)
        operator = Operator(answer)
    proof = await prove(house.store, house.house.terms, credit, operator)
    assert proof is not None
    return proof


def behind(tmp_path: Path, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as db:
        for name in ("journal_is_never_rewritten", "credit_moves_remain", "entries_stay"):
            db.execute(f"drop trigger {name}")
        db.execute(statement, values)


async def test_a_booked_credit_has_every_link(house: ProgrammeHouse) -> None:
    proof = await proved(house, answer=Booked("T-video"))

    assert (proof.ok, proof.faults) == (True, [])
    assert [link.kind for link in proof.chain] == WHOLE
    dossier = await house.dossier()
    journey = dossier.memory.journey
    assert journey is not None
    assert journey.consent is not None
    event, terms, consent, request, record, message = proof.chain
    assert event.hash in {row.hash.hex() for row in dossier.journal}
    assert event.what == "VideoWatched, from test"
    assert (terms.id, terms.digest) == (TERMS.version, fingerprint(TERMS))
    assert (consent.id, consent.digest) == (journey.consent.message_id, journey.consent.text_hash)
    assert request.id == str(proof.credit.id)
    assert (record.id, record.what) == ("T-video", "the operator shows it as booked")
    assert message.what == "Credited, ready"


async def test_each_link_covers_the_one_before_it(house: ProgrammeHouse) -> None:
    proof = await proved(house)

    before = proof.chain[0].hash
    for link in proof.chain[1:]:
        parts = (before, link.kind, link.id, link.at.isoformat(), link.digest)
        assert link.hash == hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
        before = link.hash


async def test_the_chain_reaches_as_far_as_the_credit(house: ProgrammeHouse) -> None:
    earned = await proved(house, "app")
    await house.move("app", CreditState.REQUESTED)
    asked = await proved(house, "app")

    assert (earned.ok, [link.kind for link in earned.chain]) == (True, WHOLE[:3])
    assert (asked.ok, [link.kind for link in asked.chain]) == (True, WHOLE[:4])


async def test_a_reversed_credit_keeps_its_chain(house: ProgrammeHouse) -> None:
    back = await house.decisions.reverse((await house.credit("video")).id, By("9001", "a mistake"))
    asked = await proved(house)
    await house.take_back("video")

    proof = await proved(house)

    assert (asked.ok, asked.chain[-2].what) == (True, "-600 MB, earned")
    assert (proof.ok, proof.faults) == (True, [])
    assert [link.kind for link in proof.chain] == [*WHOLE[:5], *TAKEN_BACK]
    decision, reversal, *messages = proof.chain[5:]
    assert decision.what == "reverse by 9001: a mistake"
    assert (reversal.id, reversal.what) == ("T-video", "-600 MB, confirmed")
    assert [message.what for message in messages] == ["Credited, ready", "CreditTakenBack, ready"]
    same = await prove(house.store, house.house.terms, back)
    assert same is not None
    assert same.chain[-1].hash == proof.chain[-1].hash


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (None, ["the operator shows no booking of it"]),
        (Failed("cancelled", "T-video"), ["the operator shows no booking of it"]),
        (Halted("401"), []),
    ],
)
async def test_the_operator_is_asked_again(
    answer: CarrierAnswer | None, fault: list[str], house: ProgrammeHouse
) -> None:
    assert (await proved(house, answer=answer)).faults == fault


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            "update journal set source = 'nobody' where n = 2",
            "the customer's chain is broken at row 2",
        ),
        (
            "update texts set text = text || '!'",
            "the text that was consented to is not kept, or another",
        ),
        ("update credits set megabytes = 900 where step = 'video'", "the terms grant 600 MB"),
        ("delete from credit_moves where state = 'confirmed'", "knows of no booking"),
        ("delete from credit_moves where state = 'requested'", "it was never asked for"),
        ("update credits set state = 'accepted' where step = 'video'", "it is not booked"),
        (
            "update entries set megabytes = 1 where account = 'delivered:100001'",
            "the ledger says otherwise",
        ),
    ],
)
async def test_a_lie_is_found(
    statement: str, fault: str, house: ProgrammeHouse, tmp_path: Path
) -> None:
    behind(tmp_path, statement)

    proof = await proved(house)

    assert any(fault in found for found in proof.faults), proof.faults


async def test_terms_that_are_not_kept_prove_nothing(house: ProgrammeHouse) -> None:
    lost = Terms(replace(TERMS, version="2"), {})

    proof = await prove(house.store, lost, (await house.credit("video")).id)

    assert proof is not None
    assert proof.faults == ["the terms 1 are not kept"]


async def test_there_is_no_proof_of_no_credit(house: ProgrammeHouse) -> None:
    assert await prove(house.store, house.house.terms, UUID(int=0)) is None
