"""A sandbox in which somebody asks and managers answer, the same at every start, to be killed.

`python -m tests.bot.office.question_victim FOLDER`: says "begun" before the first message and
"done" when everything has come to rest.
"""

import asyncio
import sys
from pathlib import Path

from bot.app import Stage
from bot.channels.channel import Inbound
from bot.commands.acting import SANDBOX
from bot.managing import managers_of
from bot.premises import Premises
from flows.customer import Address
from tests.cast import ALICE, MONA, NOON, OTTO
from tests.stories.player import on_stage

SAID = ("JOIN", "JOIN", "my letter has been eaten by a dog", "HUMAN")
ANSWERS = {MONA: "It is settled, says Mona.", OTTO: "It is settled, says Otto."}
NAMES = {MONA: "Mona", OTTO: "Otto"}


async def live(stage: Stage, premises: Premises) -> None:
    """Let everything happen, again if it has happened before."""
    await premises.turns.invite(ALICE, is_held_out=False)
    for n, text in enumerate(SAID):
        inbound = Inbound("phone", f"a{n}", ALICE.contacts[0].address, text, NOON)
        await premises.conversations.heard(inbound)
        await stage.mover.advance("PT2S", feeds=False)
    managers = managers_of(premises, {str(id_): role for id_, role in SANDBOX.items()})
    for id_, text in ANSWERS.items():
        chat, name = Address(f"telegram:{id_}"), NAMES[id_]
        words = f"/answer Q1 {text}"
        await managers.heard(Inbound("telegram", f"m{id_}", chat, words, NOON, sender=name))
        await stage.mover.advance("PT2S", feeds=False)


async def main() -> None:
    """Live once."""
    async with on_stage(Path(sys.argv[1]), lambda: NOON) as (stage, premises, _):
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        await live(stage, premises)
    sys.stdout.write("done\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
