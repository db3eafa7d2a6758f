"""Room: for how many more rows a belt asks, so that nobody's place in the air stays empty.

A claim is answered after several turns of the event loop, and in each of them all who are in the
air may land. Whoever asks for no more than may be in the air waits at every claim. Therefore, in a
lane that bears it, others are claimed ahead: twice as many as land meanwhile.
"""

from dataclasses import dataclass

AHEAD = 2  # times as many as landed during the last claim: the next one may take longer
GROUPS = 4  # in so many claims all of them are asked for


@dataclass(slots=True)
class Room:
    """Counts the rows of one lane on this node: `most` may be in the air, `most_ahead` at hand."""

    most: int
    most_ahead: int = 0
    taken: int = 0  # in the air and at hand
    is_full: bool = False  # more wait than there was room for
    landed: int = 0  # since the start
    _ahead: int = 0

    def to_ask(self, *, alone: bool) -> int:
        """Tell for how many to ask now: for several at once where more wait than there was room.

        `alone`: only one may be in the air.
        """
        most, ahead = (1, 0) if alone else (self.most, self._ahead)
        room = most + ahead - self.taken
        group = max(most, ahead) // GROUPS if self.is_full else 0
        return room if room >= max(group, 1) else 0

    def answered(self, asked: int, claimed: int, landed: int) -> None:
        """Take what was claimed, and learn: so many had landed before it was asked for."""
        ahead = (self.landed - landed) * AHEAD
        self.is_full = claimed == asked
        if self.is_full and not self.taken:  # all have landed, so more might have
            ahead = max(ahead, 2 * self._ahead, self.most // GROUPS)
        self._ahead = min(ahead, self.most_ahead)
        self.taken += claimed

    def land(self) -> None:
        """Make room: one has left the air."""
        self.taken -= 1
        self.landed += 1

    def put_back(self, many: int) -> None:
        """Make room for those who have not been in the air."""
        self.taken -= many
