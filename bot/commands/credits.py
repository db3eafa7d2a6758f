"""`credits`: does the ledger add up, does the operator agree, and what people decide about both."""

from uuid import UUID

from bot.commands.refusal import RefusedError
from bot.commands.showing import as_json, counting, facts, table
from bot.decisions import By, UndecidableError
from bot.ledger import check
from bot.premises import Premises

_SHOWN = 50  # faults on a terminal; --json has all


async def check_all(house: Premises, *, json: bool) -> bool:
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


async def settle(house: Premises, text: str, by: By, *, is_booked: bool) -> str:
    """Say whether the operator booked a credit; answers with a sentence."""
    try:
        await house.decisions.settle(credit_of(text), by, is_booked=is_booked)
    except UndecidableError as reason:
        raise RefusedError(str(reason)) from None
    if is_booked:
        return "The credit is confirmed; the customer is told."
    return "The credit is not booked; it will be asked for again."


async def reverse(house: Premises, text: str, by: By) -> str:
    """Take back a confirmed credit; answers with a sentence."""
    try:
        await house.decisions.reverse(credit_of(text), by)
    except UndecidableError as reason:
        raise RefusedError(str(reason)) from None
    return "The credit is reversed by an entry against it; the operator is not told by us."
