"""`credits`: does the ledger add up, does the operator agree, and what people decide about both."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from bot.carrier.carrier import Record
from bot.carrier.paging import Incomplete
from bot.carrier.reconcile import Deviation, Kind, Match
from bot.carrier.statement import StatementRejected, UnusableStatementError, read_statement
from bot.commands.acting import account
from bot.commands.house import opened
from bot.commands.office import Office
from bot.commands.refusal import RefusedError
from bot.commands.showing import Json, as_json, counting, facts, moment, table, wall
from bot.credits.decisions import By, UndecidableError
from bot.credits.ledger import check
from bot.credits.proofs import Follows, prove
from bot.credits.reconciler import Books, compare, keep_run, repair

_SHOWN = 50  # faults on a terminal; --json has all
_DIGITS = 12  # of a hash on a terminal


async def check_all(house: Office, *, json: bool) -> bool:
    """Count everything anew, show what was found, and tell whether it adds up."""
    with counting("customers") as tell:
        found = await check(house.store, house.terms, tell)
    if json:
        as_json({"ok": found.ok, "faults": list(found.faults), "accounts": dict(found.accounts)})
        return found.ok
    verdict = "everything adds up" if found.ok else f"{len(found.faults)} faults"
    accounts = [(name, f"{megabytes} MB") for name, megabytes in found.accounts.items()]
    facts(f"{found.customers} customers: {verdict}", accounts)
    table(("fault",), [(fault,) for fault in found.faults[:_SHOWN]])
    if len(found.faults) > _SHOWN:
        facts(f"… and {len(found.faults) - _SHOWN} more; --json lists them", [])
    return found.ok


def credit_of(text: str) -> UUID:
    """Read the id of a credit. Raises RefusedError if it is none."""
    try:
        return UUID(text.strip())
    except ValueError:
        raise RefusedError(f"{text}: is no credit; `customer ADDRESS --json` lists them") from None


async def settle(house: Office, text: str, by: By, *, is_booked: bool) -> str:
    """Say whether the operator booked a credit; answers with a sentence."""
    try:
        await house.decisions.settle(credit_of(text), by, is_booked=is_booked)
    except UndecidableError as reason:
        raise RefusedError(str(reason)) from None
    if is_booked:
        return "The credit is confirmed; the customer is told."
    return "The credit is not booked; it will be asked for again."


async def reverse(house: Office, text: str, by: By, *, is_done: bool, has_operator: bool) -> str:
    """Take back a confirmed credit; answers with a sentence."""
    try:
        back = await house.decisions.reverse(credit_of(text), by, is_done=is_done)
    except UndecidableError as reason:
        raise RefusedError(str(reason)) from None
    if is_done:
        return f"The credit is reversed by the entry {back}; the customer is told."
    if not has_operator:
        return f"The entry {back} waits: CARRIER_URL is not set, so nobody can be asked."
    return f"The operator is asked to take it back ({back}); the customer is told when it has."


# --- prove --------------------------------------------------------------------------------------


async def show_proof(house: Office, text: str, operator: Follows | None, *, json: bool) -> bool:
    """Show the chain of one credit, and tell whether it holds. Raises RefusedError."""
    proof = await prove(house.store, house.terms, credit_of(text), operator)
    if proof is None:
        raise RefusedError(f"there is no credit {text}")
    if json:
        chain = [
            {
                "kind": link.kind,
                "id": link.id,
                "at": moment(link.at),
                "hash": link.hash,
                "digest": link.digest,
                "what": link.what,
            }
            for link in proof.chain
        ]
        as_json({"ok": proof.ok, "chain": chain, "faults": list(proof.faults)})
        return proof.ok
    credit, zone = proof.credit, house.terms.current.zone
    verdict = "nothing is wrong with it" if proof.ok else "see the faults below"
    facts(
        f"{credit.megabytes} MB for {credit.step}, customer {credit.customer}",
        [
            ("state", f"{credit.state.value} since {wall(credit.moved_at, zone)}"),
            ("proof", f"{len(proof.chain)} links; {verdict}"),
        ],
    )
    rows: list[tuple[str, str, str]] = []
    for link in proof.chain:
        rows.append((_LINKS.get(link.kind, link.kind), wall(link.at, zone), link.what))
        rows.append(("", f"hash {link.hash[:_DIGITS]}", link.id))
    table(("", "when", "what, and its id"), rows)
    table(("fault",), [(fault,) for fault in proof.faults])
    return proof.ok


_LINKS = {
    "event": "earned by",
    "terms": "under the terms",
    "consent": "by the consent",
    "request": "asked for",
    "record": "booked as",
    "decision": "decided",
    "reversal": "taken back",
    "message": "told",
}


# --- reconcile ----------------------------------------------------------------------------------

_FOREVER = datetime(2000, 1, 1, tzinfo=UTC)


async def reconcile(
    house: Office, path: Path | None, books: Books | None, by: By | None, *, json: bool
) -> bool:
    """Compare with the operator's file or books, show what differs, tell whether nothing does.

    With `by` the bookings that only the operator knows of are taken over. Raises RefusedError.
    """
    listed_at = house.clock()
    records, rejected = _in_file(path) if path else (await _listed(books), ())
    match = await compare(house.store, records, listed_at)
    repaired = await repair(match, house.decisions, by) if by else 0
    await keep_run(house.store, match, by.actor if by else account(), house.clock())
    if json:
        as_json(_as_json(match, rejected, repaired))
    else:
        _show(match, rejected, repaired)
    return match.ok and not rejected


def _in_file(path: Path) -> tuple[tuple[Record, ...], tuple[StatementRejected, ...]]:
    with opened(path) as stream:
        body = stream.read()
    try:
        statement = read_statement(body)
    except UnusableStatementError as reason:
        raise RefusedError(f"{path}: {reason}") from None
    return statement.records, statement.rejected


async def _listed(books: Books | None) -> tuple[Record, ...]:
    if books is None:
        raise RefusedError("CARRIER_URL: is not set; give the operator's list as FILE.csv")
    records = await books.records(_FOREVER)
    if isinstance(records, Incomplete):
        raise RefusedError(f"the operator's list cannot be read: {records.why}")
    return records


def _as_json(match: Match, rejected: tuple[StatementRejected, ...], repaired: int) -> Json:
    lists = {kind.value: [_deviation(found) for found in match.of(kind)] for kind in Kind}
    return {
        "ok": match.ok and not rejected,
        "matched": match.matched,
        **lists,
        "pending": match.pending,
        "repaired": repaired,
        "rejected": [{"line": row.line, "reason": row.reason} for row in rejected],
    }


def _deviation(found: Deviation) -> Mapping[str, Json]:
    return {
        "credit": str(found.credit) if found.credit else None,
        "provider_id": found.provider_id,
        "customer": found.customer,
        "why": found.why,
    }


def _show(match: Match, rejected: tuple[StatementRejected, ...], repaired: int) -> None:
    facts(
        "Both sides agree" if match.ok else "The two sides differ",
        [
            ("matched", str(match.matched)),
            ("under way", str(match.pending)),
            *((kind.value, str(len(match.of(kind)))) for kind in Kind),
            ("repaired", str(repaired) if repaired else ""),
        ],
    )
    rows = [
        (found.kind.value, str(found.credit or "–"), found.provider_id or "–", found.why)
        for found in match.deviations
    ]
    table(("", "credit", "their id", "why"), rows[:_SHOWN])
    if len(rows) > _SHOWN:
        facts(f"… and {len(rows) - _SHOWN} more; --json lists them", [])
    table(("line", "why it was not read"), [(str(r.line), r.reason) for r in rejected[:_SHOWN]])
