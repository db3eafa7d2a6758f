"""Where one customer stands, as facts; what follows from the facts is derived, never stored.

Reports may come late, twice and in any order: every fact keeps its own moment, so the same facts
give the same journey whatever their order of arrival.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from flows.credit import CreditState
from flows.customer import Consent
from flows.effects import Effect


class Stage(StrEnum):
    """How far somebody is with the programme as such; `State` refines MEMBER."""

    NEW = "new"
    HELD_OUT = "held_out"
    INVITED = "invited"
    ASKED = "asked"
    DECLINED = "declined"
    EXPIRED = "expired"
    WAITING = "waiting"
    MEMBER = "member"
    LEFT = "left"
    DROPPED = "dropped"
    ENDED = "ended"


class State(StrEnum):
    """What people and audiences see (design 1.6)."""

    HELD_OUT = "held_out"
    WAITING = "waiting"
    INVITED = "invited"
    ASKED = "asked"
    DECLINED = "declined"
    EXPIRED = "expired"
    STEPS = "steps"
    STREAK = "streak"
    SETTLING = "settling"
    DONE = "done"
    UNREACHABLE = "unreachable"
    LEFT = "left"
    DROPPED = "dropped"
    ENDED = "ended"


class Question(StrEnum):
    """What we have asked and wait to hear; the next answer settles it."""

    OPT_OUT = "opt_out"
    LEAVE = "leave"
    ERASE = "erase"


class Verdict(StrEnum):
    """What was found out about a call after it was reported."""

    DISPUTED = "disputed"
    EXEMPT = "exempt"
    COUNTS = "counts"  # nobody objected in time
    UPHELD = "upheld"  # a person decided that it counts


@dataclass(frozen=True, slots=True)
class Reached:
    """A step that is done, and when; waived ones bring no credit."""

    at: datetime
    step: str
    is_waived: bool = False
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A hotline contact as reported, with what was found out about it since."""

    at: datetime
    id: str
    known_at: datetime
    duration_s: int
    is_connected: bool
    is_inbound: bool
    reason: str | None
    has_incident: bool = False
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """A credit as the customer sees it: earned, then confirmed or rejected."""

    step: str
    megabytes: int
    earned_at: datetime
    state: CreditState = CreditState.EARNED
    was_told_of_delay: bool = False


@dataclass(frozen=True, slots=True)
class Journey:
    """One customer on the way through the programme."""

    customer: str
    language: str = "de"
    stage: Stage = Stage.NEW
    invited_at: datetime | None = None
    shown: tuple[str, str, str] | None = None  # hash, version and language of the consent text
    consent: Consent | None = None
    enrolled_at: datetime | None = None
    reached: tuple[Reached, ...] = ()
    early: tuple[Reached, ...] = ()  # before the consent
    calls: tuple[Call, ...] = ()
    granted: tuple[Granted, ...] = ()
    used_portal_at: datetime | None = None
    out_at: datetime | None = None
    question: Question | None = None
    is_silent: bool = False
    is_accessible: bool = False
    is_drop_disputed: bool = False
    # How much of what is due by the calendar has been done, so that it is done once.
    invitation_reminders: int = 0
    step_reminders: int = 0
    inactivity_warnings: int = 0
    months_told: int = 0
    misunderstandings: int = 0
    # Topics that were offered by number, and when: "2" means the second of them for a while.
    offered: tuple[str, ...] = ()
    offered_at: datetime | None = None

    def has(self, step: str) -> bool:
        """Tell whether a step is done or waived."""
        return step in [r.step for r in self.reached]

    def credit(self, step: str) -> Granted | None:
        """Find the credit of a step."""
        return next((g for g in self.granted if g.step == step), None)

    @property
    def credited_megabytes(self) -> int:
        """Add up what is confirmed."""
        return sum(g.megabytes for g in self.granted if g.state is CreditState.CONFIRMED)

    @property
    def record(self) -> "Journey":
        """Give what is left when the history goes: how it ended, the consent, what was granted."""
        return Journey(
            customer=self.customer,
            language=self.language,
            stage=Stage.ENDED if self.stage is Stage.MEMBER else self.stage,
            invited_at=self.invited_at,
            consent=self.consent,
            enrolled_at=self.enrolled_at,
            granted=self.granted,
            out_at=self.out_at,
            is_silent=self.is_silent,
        )

    @property
    def is_member(self) -> bool:
        """Tell whether something can still be earned or reported here."""
        return self.stage is Stage.MEMBER


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one event leads to: the journey after it, and wishes to the world."""

    journey: Journey
    effects: tuple[Effect, ...] = ()

    def then(self, *effects: Effect) -> "Outcome":
        """Add wishes behind the others."""
        return replace(self, effects=self.effects + effects)
