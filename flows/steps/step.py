"""What a step is: a name, and the events that show that it is done."""

from collections.abc import Callable
from dataclasses import dataclass

from flows.campaign import Campaign
from flows.events import Event


@dataclass(frozen=True, slots=True)
class Step:
    """Something a customer does once. `is_shown_by` tells whether an event proves it."""

    name: str
    is_shown_by: Callable[[Event, Campaign], bool]
