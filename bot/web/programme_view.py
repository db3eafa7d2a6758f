"""What the programme page shows of one customer: facts of the journey, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from babel import Locale

from bot.channels.channel import Message
from bot.channels.telegram_text import plain
from bot.turns.visits import Visit
from bot.web.programme_shown import (
    CallShown,
    ChannelShown,
    MessageShown,
    RingShown,
    StepShown,
)
from bot.web.ring import ring
from flows import standing
from flows.calendar import days_until
from flows.campaign import STREAK, CallPolicy
from flows.customer import Address, Channel
from flows.journey import Call, Journey, State
from flows.lines import Mark
from flows.steps.streak import Judgement, Window, contestable, judge, window
from messages.manner import Manner
from messages.pages import PageWords
from storage.outbox import OutboxState
from storage.reading import MessageRow

SECRET_LINES = frozenset({"CodeShown"})  # whoever has only the link must not read the code
_SHOWN = 10  # messages
_TAIL = 4  # characters of an address that are shown
_FIRST = 2  # of a mailbox's name
_AGAINST = ("counted", "restarted")
_BODY = msgspec.json.Decoder(Message)


@dataclass(frozen=True, slots=True)
class View:
    """Reads a visit in one language."""

    visit: Visit
    words: PageWords
    manner: Manner
    token: str

    @classmethod
    def of(cls, visit: Visit, words: PageWords, token: str) -> "View":
        """Look at a visit in a language."""
        manner = Manner(Locale.parse(words.locale), visit.terms.zone, Channel.PAGE)
        return cls(visit, words, manner, token)

    @property
    def state(self) -> State:
        """Name the state."""
        return standing.state_of(self._journey, self.visit.terms)

    @property
    def heading(self) -> str:
        """Say where the customer stands."""
        return self._filled(self.words.states[self.state.value][0])

    @property
    def lead(self) -> str:
        """Say what that means."""
        return self._filled(self.words.states[self.state.value][1])

    @property
    def total(self) -> str:
        """Write what is booked."""
        return self.manner.volume(self._journey.credited_megabytes)

    @property
    def open_volume(self) -> str:
        """Write what can still be earned; empty if nothing can."""
        megabytes = standing.earnable(self._journey, self.visit.terms)
        return self.manner.volume(megabytes) if megabytes else ""

    @property
    def next_step(self) -> StepShown | None:
        """Give the one thing to do next."""
        return next((step for step in self.steps if step.can_do), None)

    @property
    def steps(self) -> tuple[StepShown, ...]:
        """List the steps."""
        terms, journey = self.visit.terms, self._journey
        can_do = standing.open_tasks(journey, terms) if journey.is_member else ()
        return tuple(
            StepShown(
                step=mark.step,
                name=self.words.steps[mark.step].name,
                how=self.words.steps[mark.step].how,
                go=self.words.steps[mark.step].go,
                instead="" if terms.operator.film_url else self.words.steps[mark.step].instead,
                megabytes=self.manner.volume(mark.megabytes),
                mark=mark.mark.value,
                mark_words=self.words.marks[mark.mark.value],
                can_do=mark.mark is Mark.OPEN and mark.step in can_do,
                leads_to=self._places[mark.step],
            )
            for mark in standing.marks(journey, terms)
        )

    @property
    def ring(self) -> RingShown | None:
        """Draw the steps while they are done, then the months while they run."""
        months = self.visit.terms.streak.months
        match self.state:
            case State.STEPS:
                return self._ring_of_steps()
            case State.STREAK:
                return self._ring_of_months()
            case State.SETTLING | State.DONE:
                figure, unit = f"{months}/{months}", self.words.words["ring_months"]
                return RingShown(ring(months, months), figure, unit, "")
            case _:
                return None

    def _ring_of_steps(self) -> RingShown:
        tasks = self.visit.terms.tasks
        done = sum(self._journey.has(task) for task in tasks)
        figure, unit = f"{done}/{len(tasks)}", self.words.words["ring_steps"]
        return RingShown(ring(len(tasks), done), figure, unit, "")

    def _ring_of_months(self) -> RingShown | None:
        span, months = self._window, self.visit.terms.streak.months
        if span is None:
            return None
        share = (self.visit.at - span.start) / (span.end - span.start)
        days = self._days(self._days_left(span))
        told = self.words.words["ring"].format(
            done=self._journey.months_told, of=months, days=days, ends=self.manner.day(span.end)
        )
        figure, _, unit = days.partition(" ")
        return RingShown(ring(months, share * months), figure, unit, told)

    @property
    def calls(self) -> tuple[CallShown, ...]:
        """List the calls that were reported, the latest first."""
        latest = contestable(self._journey, self.visit.terms)
        return tuple(
            CallShown(
                at=self.manner.moment(call.at),
                words=self.words.calls[self._meaning(call)],
                is_against=self._meaning(call) in _AGAINST,
                can_object=latest is not None and call.id == latest.id,
            )
            for call in sorted(self._journey.calls, key=lambda call: call.at, reverse=True)
        )

    @property
    def channels(self) -> tuple[ChannelShown, ...]:
        """List where we may write to."""
        return tuple(
            ChannelShown(
                place=place,
                name=self.words.channels[contact.address.channel.value],
                address=masked(contact.address),
                is_on=contact.is_open and not self._journey.is_silent,
                is_sms=contact.address.channel is Channel.SMS,
            )
            for place, contact in enumerate(self.visit.customer.contacts)
        )

    def messages(self, rows: Sequence[MessageRow]) -> tuple[MessageShown, ...]:
        """Show what was said lately; what waits for the morning stands here at once."""
        shown = [row for row in rows if _is_shown(row)][:_SHOWN]
        return tuple(
            MessageShown(
                at=self.manner.moment(row.sent_at or row.created_at),
                channel=self.words.channels[Address(row.recipient).channel.value],
                text=_text(row),
            )
            for row in shown
        )

    def moment(self, at: datetime) -> str:
        """Write a moment."""
        return self.manner.moment(at)

    # --- what the words need

    @property
    def _journey(self) -> Journey:
        return self.visit.journey

    @property
    def _window(self) -> Window | None:
        return window(self._journey, self.visit.terms)

    @property
    def _places(self) -> dict[str, str]:
        portal = self.visit.terms.operator.portal_url
        return {"registration": portal, "video": f"{self.token}/film", "app": f"{self.token}/app"}

    def _filled(self, words: str) -> str:
        terms, journey, span = self.visit.terms, self._journey, self._window
        months = terms.streak.months
        done = sum(journey.has(task) for task in terms.tasks)
        is_invited = journey.invited_at is not None
        return words.format(
            total=self.manner.volume(terms.total_megabytes),
            expires=self.manner.day(standing.expires_at(journey, terms)) if is_invited else "",
            hotline=terms.operator.hotline,
            done=done,
            of=len(terms.tasks),
            months=months,
            of_months=months,
            month=min(journey.months_told + 1, months),
            days=self._days(self._days_left(span)) if span else "",
            ends=self.manner.day(span.end) if span else "",
            bonus=self.manner.volume(terms.reward(STREAK)),
            inactive=terms.inactivity.drop_after_days,
        )

    def _days_left(self, span: Window) -> int:
        return max(days_until(span.end, self.visit.at, self.visit.terms.zone), 0)

    def _days(self, days: int) -> str:
        name = "ring_days_one" if days == 1 else "ring_days_many"
        return self.words.words[name].format(n=days)

    def _meaning(self, call: Call) -> str:
        """Tell a call that began the present months from one that lies before them."""
        terms, span = self.visit.terms, self._window
        judgement = judge(call, self._journey, terms)
        if judgement is not Judgement.COUNTED:
            return judgement.value
        if terms.streak.on_call is not CallPolicy.RESTART or span is None:
            return "counted"
        return "old" if call.at < span.start else "restarted"


def masked(address: Address) -> str:
    """Show so much of an address that its owner knows it, and nobody else learns it."""
    match address.channel:
        case Channel.EMAIL:
            name, _, host = address.value.partition("@")
            return f"{name[:_FIRST]}…@{host}"
        case Channel.SMS | Channel.TELEGRAM | Channel.PAGE:
            return f"…{address.value[-_TAIL:]}"


def _text(row: MessageRow) -> str:
    """Read what was said; Telegram's markup is taken out."""
    text = _BODY.decode(row.body).text
    return plain(text) if Address(row.recipient).channel is Channel.TELEGRAM else text


def _is_shown(row: MessageRow) -> bool:
    """Leave out what nobody but the owner of an address may read, and what was taken back."""
    return row.line not in SECRET_LINES and row.state is not OutboxState.SKIPPED
