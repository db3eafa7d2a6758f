"""Codes prove that whoever holds a page's link also reads the customer's own messages.

A page calls `send` when somebody wants to see or erase data, and `redeem` with what they typed:

    await codes.send(number, Door.DATA)              # Sending.SENT, TOO_OFTEN or NO_WAY
    await codes.redeem(number, Door.DATA, "123 456") # True once; the code is spent by it

A code has six digits, opens one door, lives ten minutes and bears five wrong tries; three are sent
within an hour. It is kept as a keyed hash only.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.turns.composing import Composition
from bot.turns.house import House
from flows.customer import Address, Customer
from flows.effects import Purpose, Say
from flows.lines import CodeShown
from storage.changes import Decision, PutCode
from storage.memory import Code, Key, Memory
from storage.store import Store

DIGITS = 6
LIFE = timedelta(minutes=10)
MOST_TRIES = 5
MOST_SENT, WINDOW = 3, timedelta(hours=1)


class Door(StrEnum):
    """What a code opens; one for the one does not open the other."""

    DATA = "data"
    ERASE = "erase"


class Sending(StrEnum):
    """What became of the wish for a code."""

    SENT = "sent"
    TOO_OFTEN = "too_often"
    NO_WAY = "no_way"  # no address of the customer can be reached


@dataclass(frozen=True, slots=True)
class Codes:
    """Sends codes to customers' own addresses, and takes each once."""

    store: Store
    house: House
    poke: Callable[[], None]

    async def send(self, customer: str, door: Door) -> Sending:
        """Send a new code; the one before it is worth nothing any more."""

        def decide(memory: Memory) -> Decision[Sending]:
            who, now = memory.customer, self.house.clock()
            to = self._own_address(who) if who else None
            if who is None or to is None:
                return Decision(Sending.NO_WAY)
            since, sent = _counted(memory.code, now)
            if sent >= MOST_SENT:
                return Decision(Sending.TOO_OFTEN)
            digits = self._draw()
            kept = Code(
                customer, self._hash(customer, door, digits), now + LIFE, 0, sent + 1, since
            )
            turn = Composition(self.house, memory, who, now)
            line = CodeShown(digits, LIFE // timedelta(minutes=1), erases=door is Door.ERASE)
            turn.tell(Say(line, Purpose.ANSWER), to)
            return Decision(Sending.SENT, (*turn.changes, PutCode(kept)))

        answer = await self.store.turn(Key(customer=customer, with_code=True), decide)
        self.poke()
        return answer

    async def redeem(self, customer: str, door: Door, typed: str) -> bool:
        """Tell whether this is the code that was sent for this door, in time; it is spent by it."""
        digits = "".join(c for c in typed if c in "0123456789")

        def decide(memory: Memory) -> Decision[bool]:
            code, now = memory.code, self.house.clock()
            if code is None or now >= code.expires_at or code.tries >= MOST_TRIES:
                return Decision(answer=False)
            if not hmac.compare_digest(code.hash, self._hash(customer, door, digits)):
                return Decision(
                    answer=False, changes=(PutCode(replace(code, tries=code.tries + 1)),)
                )
            return Decision(answer=True, changes=(PutCode(replace(code, expires_at=now)),))

        return await self.store.turn(Key(customer=customer, with_code=True), decide)

    def _own_address(self, customer: Customer) -> Address | None:
        """Choose where the customer was heard last. STOPP does not count: this is an answer."""
        usable = [
            c
            for c in customer.contacts
            if c.blocked_at is None and self.house.lanes.lane(c.address.channel)
        ]
        used = [c for c in usable if c.used_at is not None]
        if used:
            return max(used, key=lambda c: (c.used_at is not None, c.used_at)).address
        return usable[0].address if usable else None

    def _draw(self) -> str:
        """Make digits that nobody can guess out of a fresh token."""
        drawn = hashlib.sha256(self.house.keys.fresh().encode()).digest()
        return f"{int.from_bytes(drawn) % 10**DIGITS:0{DIGITS}}"

    def _hash(self, customer: str, door: Door, digits: str) -> bytes:
        return bytes.fromhex(self.house.keys.seal(f"code {door}", f"{customer}\x1f{digits}"))


def _counted(code: Code | None, now: datetime) -> tuple[datetime, int]:
    """Tell since when codes are counted, and how many were sent since."""
    if code is None or now - code.since >= WINDOW:
        return now, 0
    return code.since, code.sent
