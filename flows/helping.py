"""Help: a question is answered from its topic, several are offered, else a person is asked.

Which topic a text is about was found outside and comes as a fact of the event; so does whether a
person of ours is talking with the customer, who then hears nothing from the bot in between.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from flows import standing
from flows.calendar import next_open
from flows.campaign import Campaign
from flows.effects import AskPerson, KeepWords, Purpose, Request, Say
from flows.events import Heard
from flows.intent import Remark
from flows.journey import Journey, Outcome, Question, Stage
from flows.lines import (
    AngerHeard,
    ConsentAwaited,
    CourtesyReturned,
    EraseAsked,
    HotlineOffered,
    LanguageUnknown,
    LeaveAsked,
    Line,
    Misunderstood,
    OptOutAsked,
    PersonCalled,
    SignsSeen,
    TopicAnswered,
    TopicsOffered,
)

OFFER_LASTS = timedelta(days=1)
_PLAINLY = 2  # failures in a row: a person is asked, called or not
_LOOPING = 6  # failures in a row, from which on two machines may be talking to one another
_NO_FAILURES: dict[Remark | None, Line] = {
    Remark.COURTESY: CourtesyReturned(),
    Remark.SIGNS: SignsSeen(),
}
_FIRST_FAILURES: dict[Remark | None, Line] = {
    None: Misunderstood(),
    Remark.ANGER: AngerHeard(),
    Remark.FOREIGN: LanguageUnknown(),
}


def knows(journey: Journey, heard: Heard) -> bool:
    """Tell whether there is something to answer or to offer."""
    return topic_of(journey, heard) is not None or bool(heard.offered)


def topic_of(journey: Journey, heard: Heard) -> str | None:
    """Find the one topic that is meant: named, or picked of those that were offered last."""
    if heard.topic is not None or heard.pick is None:
        return heard.topic
    offered = _on_offer(journey, heard.now)
    return offered[heard.pick - 1] if 1 <= heard.pick <= len(offered) else None


def answer(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    """Answer a free text; what we have asked before and wait to hear is brought to mind."""
    if heard.is_attended:
        return Outcome(journey, (AskPerson(Request.PERSON),))
    topic, offered = topic_of(journey, heard), heard.offered
    if topic is None and heard.pick is not None:
        offered = offered or _on_offer(journey, heard.now)
    if topic is None and not offered:
        return _fail(journey, heard, terms)
    line: Line = TopicAnswered(topic) if topic else TopicsOffered(offered)
    kept, at = (offered, heard.now) if topic is None else (journey.offered, journey.offered_at)
    journey = replace(journey, misunderstandings=0, offered=kept, offered_at=at)
    waiting = _waiting(journey, terms)
    says = (line, waiting) if waiting else (line,)
    return Outcome(journey, (*(Say(said, Purpose.ANSWER) for said in says), KeepWords()))


def call_person(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    """Ask a person, and say when one will be there."""
    told = Say(PersonCalled(_office_opens(heard.now, terms)), Purpose.ANSWER)
    return Outcome(journey, (told, AskPerson(Request.PERSON)))


def _fail(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    """Offer a person the first time, and ask one the second time in a row."""
    if heard.remark in _NO_FAILURES:
        return Outcome(journey, (Say(_NO_FAILURES[heard.remark], Purpose.ANSWER),))
    times = journey.misunderstandings + 1
    journey = replace(journey, misunderstandings=times, question=None)
    if times > _LOOPING:
        return Outcome(journey, (AskPerson(Request.PERSON),))
    if heard.follows_answer or times > _PLAINLY:
        return call_person(journey, heard, terms)
    if times < _PLAINLY:
        first = Say(_FIRST_FAILURES[heard.remark], Purpose.ANSWER)
        return Outcome(journey, (first, KeepWords()))
    plainly = Say(HotlineOffered(_office_opens(heard.now, terms)), Purpose.ANSWER)
    return Outcome(journey, (plainly, AskPerson(Request.PERSON)))


def _on_offer(journey: Journey, now: datetime) -> tuple[str, ...]:
    """Give what was offered by number, as long as the numbers mean something."""
    at = journey.offered_at
    return journey.offered if at is not None and now < at + OFFER_LASTS else ()


def _waiting(journey: Journey, terms: Campaign) -> Line | None:
    """Say again what we wait to hear: the dialogue goes on where it was."""
    match journey.question:
        case Question.OPT_OUT:
            return OptOutAsked()
        case Question.LEAVE:
            return LeaveAsked(standing.earnable(journey, terms))
        case Question.ERASE:
            return EraseAsked(standing.earnable(journey, terms))
        case None:
            is_asked = journey.stage is Stage.ASKED and journey.shown is not None
            return ConsentAwaited(terms.version) if is_asked else None


def _office_opens(now: datetime, terms: Campaign) -> datetime | None:
    """Give the moment from which on somebody is there; None if somebody is there now."""
    office, land = terms.help, terms.messages.land
    opens = next_open(now, terms.zone, office.hours, saturdays=office.saturdays, land=land)
    return opens if opens > now else None
