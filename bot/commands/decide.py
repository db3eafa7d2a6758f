"""`decide` and what managers decide about one customer: taken, kept with its reason, answered."""

from bot.commands.house import find
from bot.commands.office import Office
from bot.commands.refusal import RefusedError
from bot.credits.decisions import By, UndecidableError
from flows.effects import Request


async def decide(house: Office, number: str, by: By, *, is_accepted: bool) -> str:
    """Answer something of the queue; answers with a sentence. Raises RefusedError."""
    if not (number.isascii() and number.isdigit()):
        raise RefusedError(f"{number}: is no number of the queue; `questions` lists them")
    try:
        row = await house.decisions.answer(int(number), by, is_accepted=is_accepted)
    except UndecidableError as reason:
        raise RefusedError(str(reason)) from None
    word = "accepted" if is_accepted else "rejected"
    if row.request is Request.OBJECTION:
        return f"The objection of customer {row.customer} is {word}; the customer is told."
    return f"{number} ({row.request.value}, customer {row.customer}) is {word} and closed."


async def about_customer(
    house: Office, address: str, by: By, *, waive: str | None, reinstate: bool, accessible: bool
) -> str:
    """Decide one thing about a customer; answers with a sentence. Raises RefusedError."""
    dossier = await find(house.store, address)
    known = dossier.memory.customer
    if known is None:
        raise RefusedError(f"{address}: nobody is known at this address")
    try:
        if waive is not None:
            await house.decisions.waive(known.number, waive, by)
            return f"The step {waive} counts as done for customer {known.number}, without credit."
        if reinstate:
            await house.decisions.reinstate(known.number, by)
            return f"Customer {known.number} is back in the programme."
        assert accessible  # noqa: S101 - one of the three is asked for
        await house.decisions.accessible(known.number, by)
    except UndecidableError as reason:
        raise RefusedError(str(reason)) from None
    return f"No call counts for customer {known.number} any more."
