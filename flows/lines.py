"""Everything the bot can say: one frozen dataclass per line, its fields are the facts it needs.

The words stand in `messages/<language>/wording.j2`, one macro per line, in this order. `offers`
names what the customer may answer; Telegram shows it as buttons. MB are decimal integers, moments
are aware; the operator's names and links are no facts of a line, the wording knows them.

Longer than other files because it is one list, to be read from top to bottom.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from flows.intent import Intent


class Mark(StrEnum):
    """How far one step is."""

    OPEN = "open"
    PENDING = "pending"  # done, the credit is not booked yet
    CREDITED = "credited"
    WAIVED = "waived"  # no credit, by a manager's decision
    REJECTED = "rejected"  # done, the operator refused the credit
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True)
class StepMark:
    """One step as a customer sees it."""

    step: str
    megabytes: int
    mark: Mark


@dataclass(frozen=True, slots=True)
class Line:
    """A thing that can be said."""

    offers: ClassVar[tuple[Intent, ...]] = ()


# --- Invitation and consent ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invitation(Line):
    """Who writes, what one can get, at no cost; with the link to Telegram."""

    offers = (Intent.JOIN, Intent.DECLINE, Intent.TERMS)
    megabytes: int
    months: int


@dataclass(frozen=True, slots=True)
class InvitationReminder(Line):
    """The one reminder of an open invitation."""

    offers = (Intent.JOIN, Intent.DECLINE)
    megabytes: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InvitationExpired(Line):
    """The answer to a JA that comes too late."""


@dataclass(frozen=True, slots=True)
class ConsentAsked(Line):
    """The consent text: its purposes, its version; JA to it is the consent."""

    offers = (Intent.JOIN, Intent.DECLINE, Intent.TERMS)
    version: str


@dataclass(frozen=True, slots=True)
class Enrolled(Line):
    """The consent is recorded; what can be done now, in any order."""

    offers = (Intent.NEXT, Intent.STATUS, Intent.HELP)
    at: datetime
    version: str
    steps: tuple[StepMark, ...]


@dataclass(frozen=True, slots=True)
class PutOnWaitingList(Line):
    """The budget is promised to others; the consent is kept for the next free place."""


@dataclass(frozen=True, slots=True)
class Declined(Line):
    """NEIN is understood; nothing more will come."""

    offers = (Intent.JOIN,)


# --- The steps ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NextStep(Line):
    """How the next open step is done, with its link."""

    offers = (Intent.NEXT, Intent.STATUS, Intent.HELP)
    step: str
    megabytes: int


@dataclass(frozen=True, slots=True)
class StepReminder(Line):
    """All that is open, in one message."""

    offers = (Intent.NEXT, Intent.STATUS)
    steps: tuple[str, ...]
    megabytes: int


@dataclass(frozen=True, slots=True)
class CreditDelayed(Line):
    """The booking takes longer than usual; said once."""

    step: str
    megabytes: int


@dataclass(frozen=True, slots=True)
class Credited(Line):
    """A credit is booked: how much, usable until when, the how manieth of how many."""

    offers = (Intent.NEXT, Intent.STATUS)
    step: str
    megabytes: int
    total: int
    number: int
    of: int
    usable_until: datetime | None
    next_step: str | None


@dataclass(frozen=True, slots=True)
class CreditRejected(Line):
    """The operator refused a credit; a person looks into it."""

    offers = (Intent.PERSON, Intent.STATUS)
    step: str
    megabytes: int


@dataclass(frozen=True, slots=True)
class CreditTakenBack(Line):
    """A credit was taken back from the customer's volume; what stays is the total."""

    offers = (Intent.PERSON, Intent.STATUS)
    step: str
    megabytes: int
    total: int


# --- The months without a call ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StreakStarted(Line):
    """The months begin: until when, what never counts, the hotline's number."""

    offers = (Intent.STATUS, Intent.HELP, Intent.TERMS)
    months: int
    megabytes: int
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class MonthDone(Line):
    """One more month is done."""

    offers = (Intent.STATUS,)
    month: int
    of: int
    days_left: int
    ends_at: datetime
    megabytes: int


@dataclass(frozen=True, slots=True)
class LastMonthDone(Line):
    """All months are done; the bonus is booked once the records are complete."""

    offers = (Intent.STATUS,)
    month: int
    of: int
    megabytes: int
    settles_at: datetime


@dataclass(frozen=True, slots=True)
class GoalReached(Line):
    """The streak's credit is booked."""

    offers = (Intent.STATUS,)
    megabytes: int
    total: int
    months: int
    usable_until: datetime | None


# --- Hotline calls ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallRestarted(Line):
    """A call was counted: the months begin anew with it."""

    offers = (Intent.OBJECT, Intent.STATUS, Intent.HELP)
    called_at: datetime
    months: int
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class CallForfeited(Line):
    """A call was counted: the streak's credit is gone, everything else stays."""

    offers = (Intent.OBJECT, Intent.STATUS)
    called_at: datetime


@dataclass(frozen=True, slots=True)
class CallEnded(Line):
    """A call was counted: the programme is over, everything credited stays."""

    offers = (Intent.OBJECT,)
    called_at: datetime


@dataclass(frozen=True, slots=True)
class CallExempt(Line):
    """A call was noted and does not count."""

    offers = (Intent.STATUS,)
    called_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class CallProvisional(Line):
    """A call without a known reason counts from `decides_at` on, unless somebody objects."""

    offers = (Intent.OBJECT, Intent.STATUS)
    called_at: datetime
    decides_at: datetime


@dataclass(frozen=True, slots=True)
class CallRepaired(Line):
    """A counted call turned out not to count: the old end is back. Said unasked."""

    offers = (Intent.STATUS,)
    called_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class GoalUnreachable(Line):
    """The time left is too short for a whole streak; everything credited stays."""

    offers = (Intent.STATUS,)
    months: int


@dataclass(frozen=True, slots=True)
class ObjectionNoted(Line):
    """A person will look at the call (or the drop-out); until then it has no effect."""

    offers = (Intent.STATUS,)
    about: datetime
    answer_by: datetime


@dataclass(frozen=True, slots=True)
class ObjectionDecided(Line):
    """A person has decided."""

    offers = (Intent.STATUS,)
    about: datetime
    is_accepted: bool
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class NothingToObject(Line):
    """There is no counted call."""

    offers = (Intent.STATUS, Intent.PERSON)


# --- Inactivity and the ways out ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InactivityWarning(Line):
    """The portal was not used for so many days; until when one visit keeps everything."""

    offers = (Intent.NEXT, Intent.STATUS)
    days: int
    drops_at: datetime


@dataclass(frozen=True, slots=True)
class DroppedOut(Line):
    """Out of the programme for not using the portal; nothing is taken back."""

    offers = (Intent.OBJECT, Intent.STATUS)
    days: int
    total: int


@dataclass(frozen=True, slots=True)
class Reinstated(Line):
    """A manager has brought somebody back."""

    offers = (Intent.NEXT, Intent.STATUS)


@dataclass(frozen=True, slots=True)
class LeaveAsked(Line):
    """Leaving is asked for once more, naming what is lost."""

    offers = (Intent.LEAVE, Intent.DECLINE)
    megabytes: int


@dataclass(frozen=True, slots=True)
class Left(Line):
    """Out of the programme by one's own wish."""

    total: int


@dataclass(frozen=True, slots=True)
class NoLonger(Line):
    """The answer to whoever is out: left, dropped out, contract over."""

    offers = (Intent.PERSON,)
    total: int


@dataclass(frozen=True, slots=True)
class Kept(Line):
    """A question of ours was declined: everything stays as it is."""

    offers = (Intent.STATUS,)


# --- Opting out and in --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OptedOut(Line):
    """The one confirmation of STOPP; START brings the messages back."""

    is_member: bool


@dataclass(frozen=True, slots=True)
class OptOutAsked(Line):
    """A stop word stood inside a sentence; whether it is meant."""

    offers = (Intent.OPT_OUT, Intent.DECLINE)


@dataclass(frozen=True, slots=True)
class OptedIn(Line):
    """Messages come again."""

    offers = (Intent.STATUS, Intent.HELP)


@dataclass(frozen=True, slots=True)
class OptInAsked(Line):
    """`/start` by somebody who opted out; whether messages are wanted again."""

    offers = (Intent.OPT_IN, Intent.DECLINE)


# --- Answers in every state ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatusInvited(Line):
    """Invited, not joined yet."""

    offers = (Intent.JOIN, Intent.DECLINE, Intent.TERMS)
    megabytes: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StatusSteps(Line):
    """Where somebody stands who still has steps to do."""

    offers = (Intent.NEXT, Intent.HELP)
    steps: tuple[StepMark, ...]
    total: int


@dataclass(frozen=True, slots=True)
class StatusStreak(Line):
    """Where somebody stands within the months."""

    offers = (Intent.HELP,)
    steps: tuple[StepMark, ...]
    total: int
    month: int
    of: int
    days_left: int
    ends_at: datetime
    megabytes: int


@dataclass(frozen=True, slots=True)
class StatusSettling(Line):
    """The months are over, the bonus is not booked yet."""

    offers = (Intent.HELP,)
    total: int
    megabytes: int


@dataclass(frozen=True, slots=True)
class StatusDone(Line):
    """Everything that can be earned is earned."""

    total: int


# --- What the operator's systems tell; it stands before a status or an answer -------------------


@dataclass(frozen=True, slots=True)
class VolumeLeft(Line):
    """What is left of the month's volume. `read_at`: when, if it was not read just now."""

    megabytes: int
    until: datetime | None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One item of a bill, and by how many cents it differs from the bill before."""

    name: str
    cents: int


@dataclass(frozen=True, slots=True)
class BillTold(Line):
    """The last bill, and what changed most since the one before; cents of `currency`."""

    billed_at: datetime
    cents: int
    currency: str
    more: int | None
    changes: tuple[Change, ...]
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutageTold(Line):
    """Whether we know of an open incident where the customer lives, and since when."""

    since: datetime | None


@dataclass(frozen=True, slots=True)
class FactMissing(Line):
    """What could not be read in time: volume, bill or outage."""

    fact: str


# --- Help ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TopicAnswered(Line):
    """The answer to a question, and where it is done online."""

    offers = (Intent.PERSON,)
    topic: str


@dataclass(frozen=True, slots=True)
class TopicsOffered(Line):
    """Several topics may be meant: which one? A number, a title or a button answers."""

    offers = (Intent.PERSON,)
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsentAwaited(Line):
    """Behind the answer to a question: the consent still waits for a yes or a no."""

    offers = (Intent.JOIN, Intent.DECLINE)
    version: str


@dataclass(frozen=True, slots=True)
class Help(Line):
    """What can be said here, and the hotline's number."""

    offers = (Intent.STATUS, Intent.NEXT, Intent.PERSON, Intent.TERMS)
    is_member: bool


@dataclass(frozen=True, slots=True)
class Misunderstood(Line):
    """The first time something was not understood."""

    offers = (Intent.HELP, Intent.STATUS, Intent.PERSON)


@dataclass(frozen=True, slots=True)
class CourtesyReturned(Line):
    """Only a greeting or thanks came: we are there, and say how to go on."""

    offers = (Intent.HELP, Intent.STATUS)


@dataclass(frozen=True, slots=True)
class SignsSeen(Line):
    """Only emoji or other signs came: words are needed."""

    offers = (Intent.HELP, Intent.STATUS)


@dataclass(frozen=True, slots=True)
class AngerHeard(Line):
    """Somebody is angry: we are sorry, and a person will gladly help."""

    offers = (Intent.PERSON, Intent.HELP)


@dataclass(frozen=True, slots=True)
class LanguageUnknown(Line):
    """Which languages are understood here, said in each of them; a person and the hotline."""

    offers = (Intent.PERSON,)


@dataclass(frozen=True, slots=True)
class HotlineOffered(Line):
    """The second time in a row: a person has been asked; the hotline, plainly.

    `from_`: from when on somebody is there, None if somebody is there now.
    """

    offers = (Intent.STATUS,)
    from_: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonCalled(Line):
    """A person will answer here, and from when on; the hotline for those who cannot wait."""

    from_: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonAnswered(Line):
    """What a person of ours wrote, signed with a first name."""

    offers = (Intent.PERSON,)
    text: str
    name: str


@dataclass(frozen=True, slots=True)
class TermsShown(Line):
    """Where the whole terms stand, their version, and the hotline rule in one sentence."""

    version: str
    months: int


@dataclass(frozen=True, slots=True)
class DataOffered(Line):
    """Where everything that is kept about the customer can be had, as a file."""


@dataclass(frozen=True, slots=True)
class EraseAsked(Line):
    """Erasing is asked for once more, naming what is lost and what stays."""

    offers = (Intent.ERASE, Intent.DECLINE)
    megabytes: int


@dataclass(frozen=True, slots=True)
class DataErased(Line):
    """The last message: the data are erased; what stays without a name, and why.

    `has_record`: there was a consent, hence a proof of it, and there may be bookings.
    """

    has_record: bool


@dataclass(frozen=True, slots=True)
class CodeShown(Line):
    """The code that opens one's own data on the page, or erases them, and how long it holds."""

    code: str
    minutes: int
    erases: bool


@dataclass(frozen=True, slots=True)
class LanguageChanged(Line):
    """From now on in this language."""

    offers = (Intent.STATUS, Intent.NEXT)


@dataclass(frozen=True, slots=True)
class Emergency(Line):
    """Call 112 (police 110); this is no emergency service. Nothing else."""


# --- Strangers and links ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NotInvited(Line):
    """The one neutral answer to a stranger, also to a code that is used, expired or guessed."""


@dataclass(frozen=True, slots=True)
class Linked(Line):
    """The greeting in Telegram after the proof; the dialogue goes on below it."""


@dataclass(frozen=True, slots=True)
class ButtonOutdated(Line):
    """The short notice over a button whose moment has passed; what holds now is shown anew."""


@dataclass(frozen=True, slots=True)
class MovedToTelegram(Line):
    """The one line on the phone that says where the dialogue goes on."""
