"""The terms of a campaign as one frozen value; `campaign.toml` beside this file is the default."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

from flows.broadcast_rule import BroadcastRule
from flows.calendar import MIDNIGHT, add_months

STREAK = "streak"
EVERYBODY = 100  # per cent


class UnusableTermsError(ValueError):
    """The terms contradict themselves; the message names the place."""


class CallPolicy(StrEnum):
    """What one counted hotline call does to the streak."""

    RESTART = "restart"
    FORFEIT = "forfeit"
    END = "end"


class WindowStart(StrEnum):
    """From when the months without a call are counted."""

    ALL_STEPS = "all_steps"
    ENROLMENT = "enrolment"
    REGISTRATION = "registration"


class StartMode(StrEnum):
    """What a reminder or a broadcast does that comes while the customer is talking with us."""

    INTERRUPT = "interrupt"
    AFTER = "after"
    SKIP = "skip"


class PreExisting(StrEnum):
    """Whether who was registered before the invitation is credited at the first use after it."""

    CREDIT = "credit"
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who speaks: names, numbers and links that stand in the texts."""

    brand: str
    hotline: str
    portal_url: str
    app_url: str
    terms_url: str
    film_url: str = ""  # the operator's own film; empty: ours
    app_store_url: str = ""  # for an iPhone or iPad; empty: `app_url`
    play_store_url: str = ""  # for an Android; empty: `app_url`
    imprint: str = ""


@dataclass(frozen=True, slots=True)
class Invitations:
    """How long an invitation stands and when it is brought to mind."""

    reminder_days: tuple[int, ...] = (7,)
    expires_after_days: int = 30
    per_hour: int = 0  # 0: as many as the lane bears


@dataclass(frozen=True, slots=True)
class Steps:
    """Which steps there are, what each is worth in MB, and when open ones are brought to mind."""

    rewards: dict[str, int]
    reminder_days: tuple[int, ...] = (3, 10, 24)
    film_share: float = 0.9
    pre_existing: PreExisting = PreExisting.CREDIT
    hold_days: int = 30
    requires: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Streak:
    """The months without a hotline call."""

    months: int = 9
    starts_with: WindowStart = WindowStart.ALL_STEPS
    on_call: CallPolicy = CallPolicy.RESTART
    settlement_lag_days: int = 7
    monthly_report: bool = True


_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", " ": "_", "-": "_"})


def _code(reason: str) -> str:
    """Write a reason as people of a call centre may have spelled it: `Störung`, `Lost SIM`."""
    return reason.strip().lower().translate(_SPELLED)


@cache
def _codes(reasons: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_code, reasons))


@dataclass(frozen=True, slots=True)
class Calls:
    """What counts as a hotline call."""

    minimum_s: int = 15
    same_incident_hours: int = 24
    unknown_reason_hours: int = 72
    counted_reasons: frozenset[str] = frozenset()
    exempt_reasons: frozenset[str] = frozenset()
    objection_answer_days: int = 10

    def exempts(self, reason: str | None) -> bool:
        """Tell whether a call of this reason never costs anything, however it is spelled."""
        return reason is not None and _code(reason) in _codes(self.exempt_reasons)

    def counts(self, reason: str | None) -> bool:
        """Tell whether a call of this reason counts."""
        return reason is not None and _code(reason) in _codes(self.counted_reasons)

    @property
    def patience(self) -> timedelta:
        """Give the time in which a call without a known reason may be contested."""
        return timedelta(hours=self.unknown_reason_hours)


@dataclass(frozen=True, slots=True)
class Inactivity:
    """When somebody who no longer uses the portal is warned and drops out."""

    warning_days: tuple[int, ...] = (60, 80)
    drop_after_days: int = 90


@dataclass(frozen=True, slots=True)
class Messages:
    """When we keep still, how often we write, and what an SMS costs."""

    zone: str = "Europe/Berlin"
    land: str | None = None
    quiet_from_hour: int = 20
    quiet_until_hour: int = 8
    languages: tuple[str, ...] = ("de", "en")
    sms_cents_per_segment: float = 7.5
    booking_delay_minutes: int = 15
    programme_per_day: int = 1
    promotional_per_week: int = 2
    promotional_per_month: int = 6
    during_dialogue: StartMode = StartMode.AFTER
    dialogue_minutes: int = 15

    @property
    def booking_delay(self) -> timedelta:
        """Give the time after which a customer is told that a booking takes longer."""
        return timedelta(minutes=self.booking_delay_minutes)

    @property
    def dialogue(self) -> timedelta:
        """Give the time after which somebody who was talking with us no longer is."""
        return timedelta(minutes=self.dialogue_minutes)

    @property
    def quiet(self) -> tuple[int, int]:
        """Give the hours at which silence begins and ends."""
        return self.quiet_from_hour, self.quiet_until_hour


@dataclass(frozen=True, slots=True)
class Help:
    """Who answers what no topic answers, and when somebody is there."""

    opens_hour: int = 9
    closes_hour: int = 17
    saturdays: bool = False
    topics: str = ""  # a folder with the operator's own topics; empty: only ours

    @property
    def hours(self) -> tuple[int, int]:
        """Give the hours at which the office opens and closes."""
        return self.opens_hour, self.closes_hour


@dataclass(frozen=True, slots=True)
class Retention:
    """How long is kept what is not needed any more (programme.md section 8)."""

    unanswered_days: int = 90
    free_text_days: int = 90
    events_months: int = 6
    ledger_years: int = 3


@dataclass(frozen=True, slots=True)
class Campaign:
    """Everything an operator may set without writing Python. MB are decimal integers."""

    name: str
    version: str
    operator: Operator
    steps: Steps
    streak: Streak = Streak()
    invitations: Invitations = Invitations()
    calls: Calls = Calls()
    inactivity: Inactivity = Inactivity()
    messages: Messages = Messages()
    retention: Retention = Retention()
    help: Help = Help()
    broadcasts: BroadcastRule = field(default_factory=BroadcastRule)
    budget_megabytes: int | None = None
    holdout_percent: float = 0
    approval_above: int = 0
    is_draft: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        """Raise UnusableTermsError for the first place that contradicts itself."""
        for place, is_wrong, reason in _contradictions(self):
            if is_wrong:
                raise UnusableTermsError(f"{place}: {reason}")

    @property
    def zone(self) -> ZoneInfo:
        """Give the zone in which days, months and quiet hours are counted."""
        return ZoneInfo(self.messages.zone)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Name the steps that are done once, in the order of the campaign."""
        return tuple(name for name in self.steps.rewards if name != STREAK)

    @property
    def has_streak(self) -> bool:
        """Tell whether the months without a call are part of this campaign."""
        return STREAK in self.steps.rewards

    @property
    def total_megabytes(self) -> int:
        """Add up what one customer can earn."""
        return sum(self.steps.rewards.values())

    def reward(self, step: str) -> int:
        """Give the MB that a step is worth; 0 for one that is switched off."""
        return self.steps.rewards.get(step, 0)

    @property
    def settle_by(self) -> datetime | None:
        """Give the last moment at which a streak may end: campaign end, nine months and the lag."""
        if self.ends_at is None:
            return None
        lag = timedelta(days=self.streak.settlement_lag_days)
        return add_months(self.ends_at, self.streak.months, self.zone) + lag


def _contradictions(terms: Campaign) -> Iterator[tuple[str, bool, str]]:
    """List the checks: the place, whether it is wrong, and what would be right."""
    rewards = terms.steps.rewards
    yield "steps.rewards", not rewards, "at least one step needs a reward"
    for name, megabytes in rewards.items():
        yield f"steps.rewards.{name}", megabytes <= 0, "must be a whole number of MB above 0"
    for name, needed in terms.steps.requires.items():
        yield f"steps.requires.{name}", needed not in rewards, f"{needed} is switched off"
    yield "steps.film_share", not 0 < terms.steps.film_share <= 1, "must lie in (0, 1]"
    yield "streak.months", terms.streak.months < 1, "must be at least 1"
    days = terms.inactivity
    rising = [*days.warning_days, days.drop_after_days]
    yield "invitations.per_hour", terms.invitations.per_hour < 0, "must be 0 or more"
    yield "inactivity", rising != sorted(set(rising)), "warnings must rise and precede the drop"
    for place, row in (
        ("steps.reminder_days", terms.steps.reminder_days),
        ("invitations.reminder_days", terms.invitations.reminder_days),
    ):
        yield place, list(row) != sorted(set(row)) or any(d < 1 for d in row), "must rise from 1"
    both = terms.calls.counted_reasons & terms.calls.exempt_reasons
    yield "calls", bool(both), f"both counted and exempt: {sorted(both)}"
    hours = terms.messages.quiet
    is_turned = not 0 <= hours[1] < hours[0] <= MIDNIGHT
    yield "messages.quiet_from_hour", is_turned, "must follow quiet_until"
    office = terms.help
    is_turned = not 0 <= office.opens_hour < office.closes_hour <= MIDNIGHT
    yield "help.closes_hour", is_turned, "must follow opens_hour"
    for name, is_wrong, reason in terms.broadcasts.contradictions():
        yield f"broadcasts.{name}", is_wrong, reason
    for place, at in (("starts_at", terms.starts_at), ("ends_at", terms.ends_at)):
        yield place, bool(at and at.tzinfo is None), "needs a zone"
    is_turned = bool(terms.starts_at and terms.ends_at and terms.starts_at >= terms.ends_at)
    yield "ends_at", is_turned, "must follow starts_at"
    yield "holdout_percent", not 0 <= terms.holdout_percent < EVERYBODY, "must lie in [0, 100)"
