"""What holds for every history: Hypothesis plays the customer, the operator and the clock."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.advance import advance
from flows.agenda import wakes
from flows.campaign import CallPolicy, Campaign
from flows.customer import Channel
from flows.effects import Credit, Purpose, Release, Reserve, Say, Sleep, Wake
from flows.events import (
    AccessNeeded,
    AddressLinked,
    AppInstalled,
    ConsentShown,
    ContractEnded,
    CreditMoved,
    Erased,
    Event,
    Feed,
    Heard,
    HotlineCalled,
    IncidentFound,
    Invited,
    ObjectionAnswered,
    PlaceFreed,
    PortalRegistered,
    PortalUsed,
    Readmitted,
    StepWaived,
    VideoWatched,
    Woke,
)
from flows.intent import Intent, Remark
from flows.journey import Journey, Outcome
from flows.lines import Line
from flows.standing import promised, state_of, status, step_of
from flows.steps.streak import window
from tests.cast import NOON, TERMS, after, member, on_streak
from tests.flows.play import wait
from tests.soak import SOAK

MANY = settings(max_examples=60 * SOAK, deadline=None)
moments = st.integers(0, 400 * 24).map(lambda hours: NOON + timedelta(hours=hours))
steps = st.sampled_from(["registration", "video", "app", "streak"])
policies = st.sampled_from(list(CallPolicy)).map(
    lambda policy: replace(TERMS, streak=replace(TERMS.streak, on_call=policy))
)


def an_event(at: datetime) -> st.SearchStrategy[Event]:
    def one(kind: type[Event], **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Event]:
        return st.builds(kind, at=st.just(at), **parts)

    marks = st.just(((Feed.HOTLINE, at), (Feed.PORTAL, at)))
    return st.one_of(
        one(Invited, is_held_out=st.booleans()),
        one(
            Heard,
            intent=st.sampled_from(list(Intent)),
            channel=st.just(Channel.SMS),
            has_room=st.booleans(),
            topic=st.sampled_from([None, "bill"]),
            offered=st.sampled_from([(), ("bill", "sim")]),
            pick=st.sampled_from([None, 1, 4]),
            remark=st.sampled_from([None, *Remark]),
            is_attended=st.booleans(),
            follows_answer=st.booleans(),
        ),
        one(ConsentShown, text_hash=st.just("h"), version=st.just("1"), language=st.just("de")),
        one(Woke, watermarks=marks),
        one(PortalRegistered),
        one(AppInstalled),
        one(PortalUsed),
        one(AccessNeeded),
        one(VideoWatched, share=st.floats(0, 1)),
        one(
            HotlineCalled,
            call_id=st.sampled_from("abc"),
            duration_s=st.integers(0, 60),
            reason=st.sampled_from(["bill", "fault", None]),
        ),
        one(IncidentFound, call_id=st.sampled_from("abc")),
        one(CreditMoved, step=steps, is_confirmed=st.booleans()),
        one(ObjectionAnswered, is_accepted=st.booleans()),
        one(StepWaived, step=steps),
        one(Readmitted),
        one(PlaceFreed),
        one(AddressLinked),
        one(ContractEnded),
        one(Erased),
    )


histories = st.lists(moments, max_size=25).flatmap(
    lambda times: st.tuples(*(an_event(at) for at in sorted(times)))
)
starts = st.sampled_from([Journey("1"), member(), on_streak()])


def play(journey: Journey, events: tuple[Event, ...], terms: Campaign) -> list[Outcome]:
    outcomes = []
    for event in events:
        outcomes.append(advance(journey, event, terms))
        journey = outcomes[-1].journey
    return outcomes


@MANY
@given(starts, histories, policies)
def test_each_step_is_credited_at_most_once(
    journey: Journey, events: tuple[Event, ...], terms: Campaign
) -> None:
    given_ = [
        e.step for o in play(journey, events, terms) for e in o.effects if isinstance(e, Credit)
    ]

    assert len(given_) == len(set(given_))


@MANY
@given(starts, histories, policies)
def test_after_stop_nothing_unasked_is_said_until_start(
    journey: Journey, events: tuple[Event, ...], terms: Campaign
) -> None:
    silent = after(journey, Heard(at=NOON, intent=Intent.OPT_OUT, channel=Channel.SMS), terms=terms)

    for event, outcome in zip(events, play(silent, events, terms), strict=True):
        if isinstance(event, Heard) and event.intent is Intent.OPT_IN:
            return
        unasked = [
            e for e in outcome.effects if isinstance(e, Say) and e.purpose is not Purpose.ANSWER
        ]
        assert unasked == []


FROM_THEM = (Heard, ConsentShown, AddressLinked)  # the shell answers them as strangers


@MANY
@given(histories, policies)
def test_whoever_is_held_out_is_never_told_anything(
    events: tuple[Event, ...], terms: Campaign
) -> None:
    held_out = advance(Journey("1"), Invited(at=NOON, is_held_out=True), terms).journey
    of_others = tuple(event for event in events if not isinstance(event, FROM_THEM))

    outcomes = play(held_out, of_others, terms)

    wishes = [wish for outcome in outcomes for wish in outcome.effects]
    assert not [wish for wish in wishes if isinstance(wish, Say | Credit | Wake | Reserve)]
    assert not [what for outcome in outcomes for what in wakes(outcome.journey, terms)]


@MANY
@given(starts, histories, policies)
def test_what_is_reserved_is_what_is_promised(
    journey: Journey, events: tuple[Event, ...], terms: Campaign
) -> None:
    reserved = promised(journey, terms)
    booked = journey.credited_megabytes

    for outcome in play(journey, events, terms):
        for effect in outcome.effects:
            if isinstance(effect, Reserve):
                reserved += effect.megabytes
            if isinstance(effect, Release):
                reserved -= effect.megabytes
        reserved -= outcome.journey.credited_megabytes - booked
        booked = outcome.journey.credited_megabytes
        assert reserved == promised(outcome.journey, terms)


@MANY
@given(starts, histories, policies)
def test_every_journey_has_a_state_a_step_and_a_status(
    journey: Journey, events: tuple[Event, ...], terms: Campaign
) -> None:
    for outcome in play(journey, events, terms):
        assert state_of(outcome.journey, terms)
        assert step_of(outcome.journey, terms)
        assert isinstance(status(outcome.journey, terms, NOON), Line)


@MANY
@given(starts, histories, policies)
def test_the_wakes_asked_for_are_those_of_the_agenda(
    journey: Journey, events: tuple[Event, ...], terms: Campaign
) -> None:
    asked = wakes(journey, terms)

    for outcome in play(journey, events, terms):
        for effect in outcome.effects:
            if isinstance(effect, Wake):
                asked[effect.slot] = effect
            if isinstance(effect, Sleep):
                asked.pop(effect.slot, None)
        assert asked == wakes(outcome.journey, terms)


@MANY
@given(starts, histories, policies)
def test_a_wake_that_was_answered_is_not_due_any_more(
    journey: Journey, events: tuple[Event, ...], terms: Campaign
) -> None:
    journey = after(journey, *events, terms=terms)
    now = NOON + timedelta(days=500)
    woke = Woke(at=now, watermarks=((Feed.HOTLINE, now), (Feed.PORTAL, now)))

    rested = after(journey, woke, terms=terms)

    assert all(wake.at > now for wake in wakes(rested, terms).values())
    assert after(rested, woke, terms=terms) == rested


facts = st.lists(
    st.one_of(
        st.builds(
            HotlineCalled,
            at=moments,
            call_id=st.uuids().map(str),
            duration_s=st.sampled_from([5, 60]),
            reason=st.sampled_from(["bill", "fault"]),
        ),
        st.builds(PortalUsed, at=moments),
        st.builds(AppInstalled, at=moments),
        st.builds(VideoWatched, at=moments, share=st.just(1)),
    ),
    max_size=8,
)


@MANY
@given(facts, st.randoms(use_true_random=False))
def test_the_order_in_which_reports_arrive_does_not_matter(
    facts: list[Event], chance: Random
) -> None:
    known_at = NOON + timedelta(days=401)
    reports = [replace(fact, known_at=known_at) for fact in facts]
    shuffled = list(reports)
    chance.shuffle(shuffled)

    one, other = after(member(), *reports), after(member(), *shuffled)

    assert window(one, TERMS) == window(other, TERMS)
    assert state_of(one, TERMS) is state_of(other, TERMS)
    assert one.calls == other.calls
    assert set(one.reached) == set(other.reached)
    assert one.used_portal_at == other.used_portal_at


@MANY
@given(facts)
def test_reporting_everything_again_changes_nothing(facts: list[Event]) -> None:
    once = after(member(), *facts)

    assert after(once, *facts) == once


@MANY
@given(facts)
def test_time_alone_always_comes_to_rest(facts: list[Event]) -> None:
    journey = after(member(), *facts)

    rested = wait(journey, NOON + timedelta(days=3000))

    assert len(rested.effects) < 200
