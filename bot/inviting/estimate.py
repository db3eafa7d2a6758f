"""What invitations will take, found by composing one as it would be sent."""

from dataclasses import dataclass, field

from bot.turns.composing import Composition
from bot.turns.house import House
from bot.turns.routing import choose
from flows.customer import Channel, Customer
from flows.effects import Purpose
from flows.events import Invited
from storage.changes import Enqueue
from storage.memory import Memory


@dataclass(frozen=True, slots=True)
class ComposedEstimate:
    """Counts segments once per language: an invitation names nobody, so all are of one length."""

    house: House
    segments_per_s: float | None = None
    _known: dict[str, int] = field(default_factory=dict)

    def segments(self, customer: Customer) -> int:
        """Count the SMS segments of a customer's invitation, 0 if it goes another way."""
        contact = choose(customer, Purpose.INVITATION, self.house.lanes)
        if contact is None or contact.address.channel is not Channel.SMS:
            return 0
        if customer.language not in self._known:
            self._known[customer.language] = self._composed(customer)
        return self._known[customer.language]

    def _composed(self, customer: Customer) -> int:
        now = self.house.clock()
        turn = Composition(self.house, Memory(), customer, now)
        turn.take(Invited(at=now), "estimate")
        return sum(change.cost for change in turn.changes if isinstance(change, Enqueue))
