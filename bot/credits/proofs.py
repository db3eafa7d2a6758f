"""The proof of one credit: what earned it, under which terms, by whose consent, and who booked it.

event -> terms -> consent -> request -> the operator's record -> message; where people decided about
it, or it was taken back, that follows. The event's hash is that of the customer's chain; each
further link's covers the one before it and what it stands for.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bot.campaigns import fingerprint
from bot.carrier.carrier import Booked, CarrierAnswer, Failed
from bot.terms import Terms
from bot.turns.journal import first_broken
from flows.credit import CreditState
from flows.journey import Journey
from storage.changes import Decision
from storage.memory import CreditRow, Key, Memory
from storage.reading import CreditMove, Dossier
from storage.store import Store

_BOOKED = (CreditState.CONFIRMED, CreditState.REVERSED)
_TOLD = ("Credited", "GoalReached")
_TOLD_BACK = "CreditTakenBack"
_PAGE = 1000


class Follows(Protocol):
    """Who asks the operator about one of its records; the carrier does."""

    async def follow(self, provider_id: str) -> CarrierAnswer | None:
        """Ask what became of an order by the operator's own id."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain; `digest` is the hash of what it stands for."""

    kind: str
    id: str
    at: datetime
    digest: str
    hash: str
    what: str = ""


@dataclass(slots=True)
class Proof:
    """The chain of one credit as far as it reaches, and what is wrong with it."""

    credit: CreditRow
    chain: list[Link] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.faults

    def add(self, kind: str, id_: str, at: datetime, digest: str, what: str = "") -> None:
        """Add a link behind the others."""
        if not self.chain:
            self.chain.append(Link(kind, id_, at, digest, digest, what))
            return
        before = self.chain[-1].hash
        self.chain.append(
            Link(kind, id_, at, digest, _hash(before, kind, id_, at.isoformat(), digest), what)
        )


async def prove(
    store: Store, terms: Terms, credit: UUID, operator: Follows | None = None
) -> Proof | None:
    """Put the chain of a credit together; None if there is no such credit.

    With `operator` its record is read again and compared.
    """

    def look(memory: Memory) -> Decision[Memory]:
        return Decision(memory)

    memory = await store.turn(Key(credit=credit), look)
    row = _granted(memory, credit)
    dossier = await store.dossier(row.customer) if row else None
    if row is None or dossier is None:
        return None
    proof = Proof(row)
    _add_event(proof, dossier)
    await _add_consent(proof, dossier.memory.journey, terms, store)
    moves = await store.moves(row.id)
    _add_request(proof, moves)
    await _add_record(proof, moves, operator)
    await _add_decisions(proof, store)
    await _add_reversal(proof, memory, store)
    _add_message(proof, dossier)
    _check_booking(proof, dossier)
    return proof


def _granted(memory: Memory, credit: UUID) -> CreditRow | None:
    """Find a credit by its own id, or by that of the entry that takes it back."""
    row = next((known for known in memory.credits if known.id == credit), None)
    if row is None or not row.takes_back:
        return row
    return next((c for c in memory.credits if c.step == row.step and not c.takes_back), None)


def _add_event(proof: Proof, dossier: Dossier) -> None:
    broken = first_broken(dossier.journal)
    if broken is not None:
        proof.faults.append(f"the customer's chain is broken at row {broken}")
    effect = f"Credit {proof.credit.step}"
    earned = next((r for r in dossier.journal if effect in r.effects.split(", ")), None)
    if earned is None:
        proof.faults.append("no event of the journal has earned this credit")
        return
    what = f"{earned.kind}, from {earned.source}"
    proof.add("event", f"{proof.credit.customer}/{earned.n}", earned.at, earned.hash.hex(), what)


async def _add_consent(proof: Proof, journey: Journey | None, terms: Terms, store: Store) -> None:
    if journey is None or journey.consent is None:
        proof.faults.append("there is no consent")
        return
    consent = journey.consent
    version = terms.earlier.get(consent.version)
    if version is None:
        proof.faults.append(f"the terms {consent.version} are not kept")
    else:
        worth = version.reward(proof.credit.step)
        if worth != proof.credit.megabytes:
            proof.faults.append(f"the terms grant {worth} MB, not {proof.credit.megabytes} MB")
        proof.add("terms", consent.version, consent.at, fingerprint(version), f"{worth} MB")
    kept = await store.kept_text(consent.text_hash)
    if kept is None or hashlib.sha256(kept.text.encode()).hexdigest() != consent.text_hash:
        proof.faults.append("the text that was consented to is not kept, or another")
    what = f"by {consent.channel.value}, in {consent.language}"
    proof.add("consent", consent.message_id, consent.at, consent.text_hash, what)


def _add_request(proof: Proof, moves: Sequence[CreditMove]) -> None:
    asked = [move for move in moves if move.state is CreditState.REQUESTED]
    if asked:
        what = f"attempt {len(asked)}" + (f", {asked[-1].note}" if asked[-1].note else "")
        proof.add("request", str(proof.credit.id), asked[-1].at, _digest(asked[-1]), what)
    elif proof.credit.state in _BOOKED:
        proof.faults.append("it was never asked for")


async def _add_record(proof: Proof, moves: Sequence[CreditMove], operator: Follows | None) -> None:
    booked = next((move for move in moves if move.state is CreditState.CONFIRMED), None)
    if booked is None:
        if proof.credit.state in _BOOKED:
            proof.faults.append("its history knows of no booking")
        return
    name = proof.credit.provider_id
    what = "the operator was not asked"
    if operator is not None and name is not None:
        what = _told(proof, await operator.follow(name))
    proof.add("record", name or "settled by hand", booked.at, _digest(booked), what)


def _told(proof: Proof, answer: CarrierAnswer | None) -> str:
    match answer:
        case Booked():
            return "the operator shows it as booked"
        case None | Failed():
            proof.faults.append("the operator shows no booking of it")
            return "the operator shows no booking of it"
        case _:
            return "the operator could not be asked"


async def _add_decisions(proof: Proof, store: Store) -> None:
    """Name who decided about it, from the managers' chain."""
    about, after = f"credit {proof.credit.id}: ", 0
    async with store.snapshot() as snapshot:
        while page := await snapshot.acts(after, _PAGE):
            for act in page:
                if act.about.startswith(about):
                    what = f"{act.act} by {act.actor}: {act.about.removeprefix(about)}"
                    proof.add("decision", str(act.n), act.at, act.hash.hex(), what)
            after = page[-1].n


async def _add_reversal(proof: Proof, memory: Memory, store: Store) -> None:
    is_reversed = proof.credit.state is CreditState.REVERSED
    entries = [c for c in memory.credits if c.step == proof.credit.step and c.takes_back]
    for back in entries:
        last = (await store.moves(back.id))[-1]
        what = f"{back.megabytes} MB, {back.state.value}"
        name = back.provider_id or str(back.id)
        proof.add("reversal", name, last.at, _digest(last), what)
    if is_reversed != any(back.state is CreditState.CONFIRMED for back in entries):
        proof.faults.append("it is reversed without an entry that takes it back, or not reversed")


def _add_message(proof: Proof, dossier: Dossier) -> None:
    about = str(proof.credit.id)
    for message in dossier.messages:
        if message.about == about and message.line in (*_TOLD, _TOLD_BACK):
            digest = hashlib.sha256(message.body.encode()).hexdigest()
            at, name = message.sent_at or message.created_at, message.ref or str(message.id)
            proof.add("message", name, at, digest, f"{message.line}, {message.state.value}")
            is_back = message.line == _TOLD_BACK
            if is_back and proof.credit.state is not CreditState.REVERSED:
                proof.faults.append("the customer was told that it is taken back, and it is not")
            if proof.credit.state not in _BOOKED:
                proof.faults.append("the customer was told of it, and it is not booked")


def _check_booking(proof: Proof, dossier: Dossier) -> None:
    credit = proof.credit
    is_delivered = any(
        book.credit == credit.id
        and book.what == "deliver"
        and (f"delivered:{credit.customer}", credit.megabytes) in book.entries
        for book in dossier.ledger
    )
    if is_delivered != (credit.state in _BOOKED):
        proof.faults.append("the ledger says otherwise")


def _digest(move: CreditMove) -> str:
    return _hash(
        str(move.n), move.state.value, move.at.isoformat(), move.provider_id or "", move.note
    )


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
