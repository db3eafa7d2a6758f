"""`audit verify`: tells whether the audit trail is unbroken."""

from bot.commands.office import Office
from bot.commands.showing import as_json, counting, facts
from bot.credits.audit import verify


async def verify_all(house: Office, *, json: bool) -> bool:
    """Follow every chain, show what was found, and tell whether all of them hold."""
    with counting("customers") as tell:
        found = await verify(house.store, house.keys, tell)
    if json:
        as_json({"ok": found.ok, "rows": found.rows, "first_bad": found.first_bad})
    else:
        verdict = "unbroken" if found.ok else "broken"
        facts(
            f"{found.rows} rows: the trail is {verdict}",
            [("first bad", found.first_bad or "")],
        )
    return found.ok
