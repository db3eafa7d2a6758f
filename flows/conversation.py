"""What a customer's words lead to: a table from intent to answer, and the questions we asked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from flows import helping, standing
from flows.campaign import Campaign
from flows.customer import Consent
from flows.effects import AskPerson, Erase, Listen, Purpose, Request, Say, Silence
from flows.enrolment import enrol
from flows.events import Heard
from flows.intent import Intent
from flows.journey import Journey, Outcome, Question, Stage, Verdict
from flows.lines import (
    ConsentAsked,
    DataErased,
    DataOffered,
    Declined,
    Emergency,
    EraseAsked,
    Help,
    InvitationExpired,
    Kept,
    LanguageChanged,
    LeaveAsked,
    Left,
    Line,
    NextStep,
    NothingToObject,
    ObjectionNoted,
    OptedIn,
    OptedOut,
    OptOutAsked,
    PutOnWaitingList,
    TermsShown,
)
from flows.steps.streak import contestable

Answer = Callable[[Journey, Heard, Campaign], Outcome]


def answer(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    """Answer what the customer said; a question of ours is settled by whatever comes next."""
    if heard.intent is Intent.EMERGENCY:
        return _say(journey, Emergency())
    if heard.intent is Intent.QUESTION:
        return helping.answer(journey, heard, terms)
    asked = journey.question
    if asked is not None or journey.misunderstandings:
        journey = replace(journey, misunderstandings=0, question=None)
    if asked is not None:
        if heard.intent is Intent.DECLINE:
            return _say(journey, Kept())
        if heard.intent in (Intent.JOIN, _CONFIRMS[asked]):
            return _CONFIRMED[asked](journey, heard, terms)
    return _ANSWERS[heard.intent](journey, heard, terms)


def _say(journey: Journey, line: Line) -> Outcome:
    return Outcome(journey, (Say(line, Purpose.ANSWER),))


# --- Joining ------------------------------------------------------------------------------------


def _join(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    match journey.stage:
        case Stage.DECLINED if heard.now >= standing.expires_at(journey, terms):
            return _say(journey, InvitationExpired())
        case Stage.INVITED | Stage.DECLINED:
            journey = replace(journey, stage=Stage.ASKED)
            return _say(journey, ConsentAsked(terms.version))
        case Stage.ASKED if journey.shown is None or journey.shown[1] != terms.version:
            # The terms have changed since they were shown: a JA to others is no consent to these.
            return _say(journey, ConsentAsked(terms.version))
        case Stage.ASKED:
            return _consent(journey, heard, terms)
        case Stage.EXPIRED:
            return _say(journey, InvitationExpired())
        case _:
            return _status(journey, heard, terms)


def _consent(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    """Record the proof; where the budget is promised to others, it waits for a place."""
    assert journey.shown is not None  # noqa: S101 - _join asks first
    text_hash, version, language = journey.shown
    consent = Consent(heard.at, version, text_hash, heard.message_id, heard.channel, language)
    journey = replace(journey, consent=consent)
    if not heard.has_room:
        return _say(replace(journey, stage=Stage.WAITING), PutOnWaitingList())
    return enrol(journey, heard.now, terms, Purpose.ANSWER)


# Nobody is a member yet; a consent that waits for a place can be taken back like any other.
_UNDECIDED = (Stage.INVITED, Stage.ASKED, Stage.WAITING)


def _decline(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    if journey.stage in _UNDECIDED:
        return _say(replace(journey, stage=Stage.DECLINED), Declined())
    return _help(journey, heard, terms)


# --- Messages -----------------------------------------------------------------------------------


def _opt_out(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    """STOPP ends messages, not the membership; it is confirmed once."""
    del heard, terms
    if journey.is_silent:
        return Outcome(journey, (Silence(),))
    journey = replace(journey, is_silent=True)
    line = OptedOut(is_member=journey.is_member)
    return Outcome(journey, (Silence(), Say(line, Purpose.ANSWER)))


def _maybe_opt_out(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    if journey.is_silent:
        return helping.answer(journey, heard, terms)
    journey = replace(journey, question=Question.OPT_OUT)
    if heard.is_attended:
        return _say(journey, OptOutAsked()).then(AskPerson(Request.PERSON))
    if helping.knows(journey, heard):
        return helping.answer(journey, heard, terms)
    return _say(journey, OptOutAsked())


def _opt_in(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    del heard, terms
    line = OptedIn()
    return Outcome(replace(journey, is_silent=False), (Listen(), Say(line, Purpose.ANSWER)))


def _language(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    if heard.language is not None and heard.language in terms.messages.languages:
        journey = replace(journey, language=heard.language)
    elif heard.language is None:
        journey = replace(journey, language=_other(journey.language, terms))
    if journey.stage is Stage.ASKED:
        # A JA to come must refer to words that the customer can read.
        return _say(journey, ConsentAsked(terms.version))
    return _say(journey, LanguageChanged())


def _other(language: str, terms: Campaign) -> str:
    """`/language` alone goes round the languages."""
    known = terms.messages.languages
    return known[(known.index(language) + 1) % len(known)] if language in known else known[0]


# --- Knowing ------------------------------------------------------------------------------------


def _status(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    return _say(journey, standing.status(journey, terms, heard.now))


def _next(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    tasks = standing.open_tasks(journey, terms)
    if not journey.is_member or not tasks:
        return _status(journey, heard, terms)
    return _say(journey, NextStep(tasks[0], terms.reward(tasks[0])))


def _help(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    del heard, terms
    return _say(journey, Help(is_member=journey.is_member))


def _terms(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    del heard
    return _say(journey, TermsShown(terms.version, terms.streak.months))


# --- People -------------------------------------------------------------------------------------


def _object(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    """Suspend the effect of the latest call that counts, or ask about the drop-out."""
    answer_by = heard.now + timedelta(days=terms.calls.objection_answer_days)
    if journey.stage is Stage.DROPPED and journey.out_at and not journey.is_drop_disputed:
        noted = ObjectionNoted(journey.out_at, answer_by)
        disputed = replace(journey, is_drop_disputed=True)
        return _say(disputed, noted).then(AskPerson(Request.OBJECTION, "drop"))
    latest = contestable(journey, terms)
    if latest is None:
        return _say(journey, NothingToObject())
    contested = tuple(
        replace(c, verdict=Verdict.DISPUTED) if c is latest else c for c in journey.calls
    )
    journey = replace(journey, calls=contested)
    noted = ObjectionNoted(latest.at, answer_by)
    return _say(journey, noted).then(AskPerson(Request.OBJECTION, latest.id))


def _data(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    del heard, terms
    return _say(journey, DataOffered())


# --- Ways out, asked for twice --------------------------------------------------------------------


def _leave(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    if not journey.is_member:
        return _decline(journey, heard, terms)
    lost = standing.earnable(journey, terms)
    return _say(replace(journey, question=Question.LEAVE), LeaveAsked(lost))


def _left(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    del terms
    journey = replace(journey, stage=Stage.LEFT, out_at=heard.now)
    return _say(journey, Left(journey.credited_megabytes))


def _erase(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    del heard
    lost = standing.promised(journey, terms)
    return _say(replace(journey, question=Question.ERASE), EraseAsked(lost))


def _erased(journey: Journey, heard: Heard, terms: Campaign) -> Outcome:
    """Say what stays; the rest belongs to `Erased`, which the shell reports."""
    del heard, terms
    has_record = journey.consent is not None
    return _say(journey, DataErased(has_record=has_record)).then(Erase())


_ANSWERS: dict[Intent, Answer] = {
    Intent.JOIN: _join,
    Intent.DECLINE: _decline,
    Intent.OPT_OUT: _opt_out,
    Intent.MAYBE_OPT_OUT: _maybe_opt_out,
    Intent.OPT_IN: _opt_in,
    Intent.LEAVE: _leave,
    Intent.STATUS: _status,
    Intent.NEXT: _next,
    Intent.HELP: _help,
    Intent.PERSON: helping.call_person,
    Intent.TERMS: _terms,
    Intent.OBJECT: _object,
    Intent.DATA: _data,
    Intent.ERASE: _erase,
    Intent.LANGUAGE: _language,
    Intent.QUESTION: helping.answer,
}
# What settles a question of ours besides JA, and what then happens.
_CONFIRMS = {
    Question.OPT_OUT: Intent.OPT_OUT,
    Question.LEAVE: Intent.LEAVE,
    Question.ERASE: Intent.ERASE,
}
_CONFIRMED: dict[Question, Answer] = {
    Question.OPT_OUT: _opt_out,
    Question.LEAVE: _left,
    Question.ERASE: _erased,
}
