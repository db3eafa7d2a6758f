"""Every line with the longest facts that can stand in it, to be measured and read."""

from datetime import UTC, datetime

from flows import lines
from flows.lines import Line, Mark, StepMark
from messages.topics import shipped
from messages.wording import FixedLinks

# A Wednesday in September, 22:58 in Berlin: every part of it has its longest spelling.
LATE = datetime(2027, 9, 22, 20, 58, tzinfo=UTC)
_SHARE, _BONUS, _ALL = 1250, 12_750, 16_525  # MB: five digits, three of them decimals
_OF, _DAYS = 12, 365
_TASKS = ("registration", "video", "app")
_OPEN = tuple(StepMark(task, _SHARE, Mark.OPEN) for task in _TASKS)
_REJECTED = tuple(StepMark(task, _SHARE, Mark.REJECTED) for task in _TASKS)
_MIXED = (
    StepMark("registration", _SHARE, Mark.CREDITED),
    StepMark("video", _SHARE, Mark.PENDING),
    StepMark("app", _SHARE, Mark.WAIVED),
)
_VERSION = "2027-09-22"
_CHANGES = (lines.Change("Anrufe ins Ausland", 2345), lines.Change("Sonderrufnummern", -1234))

LONG_LINKS = FixedLinks(
    telegram="https://t.me/NordlichtBonusBot?start=2bGx0ZkQ8vYw5rTn1LsPqA",
    page="https://bonus.nordlicht.example/p/2bGx0ZkQ8vYw5rTn1LsPqA",
    film="https://bonus.nordlicht.example/p/2bGx0ZkQ8vYw5rTn1LsPqA/film",
    app="https://bonus.nordlicht.example/p/2bGx0ZkQ8vYw5rTn1LsPqA/app",
    portal="https://portal.nordlicht.example/mein-nordlicht/anmelden",
)

EXTREMES: tuple[Line, ...] = (
    lines.Invitation(_ALL, _OF),
    lines.InvitationReminder(_ALL, LATE),
    lines.InvitationExpired(),
    lines.ConsentAsked(_VERSION),
    lines.Enrolled(LATE, _VERSION, _OPEN),
    lines.Enrolled(LATE, _VERSION, _MIXED),
    lines.PutOnWaitingList(),
    lines.Declined(),
    *(lines.NextStep(task, _SHARE) for task in _TASKS),
    lines.StepReminder(_TASKS, _ALL),
    lines.StepReminder(_TASKS[:1], _SHARE),
    *(lines.CreditDelayed(task, _SHARE) for task in _TASKS),
    lines.CreditDelayed("streak", _BONUS),
    *(lines.Credited(task, _SHARE, _ALL, 2, 3, LATE, "registration") for task in _TASKS),
    lines.Credited("registration", _SHARE, _ALL, 3, 3, None, None),
    lines.CreditRejected("registration", _SHARE),
    lines.CreditRejected("streak", _BONUS),
    lines.CreditTakenBack("registration", _SHARE, _ALL),
    lines.CreditTakenBack("streak", _BONUS, 0),
    lines.StreakStarted(_OF, _BONUS, LATE),
    lines.MonthDone(11, _OF, _DAYS, LATE, _BONUS),
    lines.MonthDone(11, _OF, 1, LATE, _BONUS),
    lines.LastMonthDone(_OF, _OF, _BONUS, LATE),
    lines.GoalReached(_BONUS, _ALL, _OF, LATE),
    lines.GoalReached(_BONUS, _ALL, _OF, None),
    lines.CallRestarted(LATE, _OF, LATE),
    lines.CallForfeited(LATE),
    lines.CallEnded(LATE),
    lines.CallExempt(LATE, LATE),
    lines.CallProvisional(LATE, LATE),
    lines.CallRepaired(LATE, LATE),
    lines.GoalUnreachable(_OF),
    lines.ObjectionNoted(LATE, LATE),
    lines.ObjectionDecided(LATE, is_accepted=True, ends_at=LATE),
    lines.ObjectionDecided(LATE, is_accepted=True, ends_at=None),
    lines.ObjectionDecided(LATE, is_accepted=False, ends_at=LATE),
    lines.ObjectionDecided(LATE, is_accepted=False, ends_at=None),
    lines.NothingToObject(),
    lines.InactivityWarning(_DAYS, LATE),
    lines.DroppedOut(_DAYS, _ALL),
    lines.DroppedOut(_DAYS, 0),
    lines.Reinstated(),
    lines.LeaveAsked(_ALL),
    lines.LeaveAsked(0),
    lines.Left(_ALL),
    lines.Left(0),
    lines.NoLonger(_ALL),
    lines.NoLonger(0),
    lines.Kept(),
    lines.OptedOut(is_member=True),
    lines.OptedOut(is_member=False),
    lines.OptOutAsked(),
    lines.OptedIn(),
    lines.OptInAsked(),
    lines.StatusInvited(_ALL, LATE),
    lines.StatusSteps(_REJECTED, _ALL),
    lines.StatusSteps(_MIXED, _ALL),
    lines.StatusStreak(_REJECTED, _ALL, 11, _OF, _DAYS, LATE, _BONUS),
    lines.StatusStreak(_MIXED, _ALL, 0, _OF, 1, LATE, _BONUS),
    lines.StatusSettling(_ALL, _BONUS),
    lines.StatusDone(_ALL),
    lines.StatusDone(0),
    lines.VolumeLeft(_ALL, LATE),
    lines.VolumeLeft(_ALL, None, LATE),
    lines.BillTold(LATE, 123_456, "EUR", 23_456, _CHANGES, LATE),
    lines.BillTold(LATE, 123_456, "EUR", -23_456, _CHANGES, None),
    lines.BillTold(LATE, 123_456, "EUR", 0, (), None),
    lines.BillTold(LATE, 123_456, "EUR", None, (), None),
    lines.OutageTold(LATE),
    lines.OutageTold(None),
    *(lines.FactMissing(fact) for fact in ("volume", "bill", "outage")),
    *(lines.TopicAnswered(topic) for topic in shipped().ids),
    lines.TopicsOffered(("programme", "address", "password")),
    lines.TopicsOffered(("address",)),
    lines.ConsentAwaited(_VERSION),
    lines.Help(is_member=True),
    lines.Help(is_member=False),
    lines.Misunderstood(),
    lines.SignsSeen(),
    lines.AngerHeard(),
    lines.LanguageUnknown(),
    lines.HotlineOffered(LATE),
    lines.HotlineOffered(None),
    lines.PersonCalled(LATE),
    lines.PersonCalled(None),
    lines.PersonAnswered("We have looked at it, it is settled now.\nKind regards", "Wilhelmina"),
    lines.TermsShown(_VERSION, _OF),
    lines.DataOffered(),
    lines.EraseAsked(_ALL),
    lines.EraseAsked(0),
    lines.DataErased(has_record=True),
    lines.DataErased(has_record=False),
    lines.CodeShown("000000", 10, erases=True),
    lines.CodeShown("000000", 10, erases=False),
    lines.LanguageChanged(),
    lines.Emergency(),
    lines.NotInvited(),
    lines.Linked(),
    lines.ButtonOutdated(),
    lines.MovedToTelegram(),
)
