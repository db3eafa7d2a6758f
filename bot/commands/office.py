"""What the commands about money need of the house: the store whole, and the decisions of people."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from bot.credits.decisions import Decisions
from bot.keys import Keys
from bot.terms import Terms
from bot.turns.intake import TurnedReports
from storage.store import Store


class Office(Protocol):
    """A house whose store is open and whose workers stand still."""

    @property
    def store(self) -> Store:
        """What is kept."""

    @property
    def terms(self) -> Terms:
        """The terms in force and those that customers are pinned to."""

    @property
    def keys(self) -> Keys:
        """What needs SECRET_KEY."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Tell the time."""

    @property
    def decisions(self) -> Decisions:
        """What people decide, each as a turn."""

    @property
    def reports(self) -> TurnedReports:
        """What the operator reports."""
