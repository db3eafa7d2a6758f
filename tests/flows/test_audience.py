"""Audiences read like a search, and say what is wrong with one that cannot be read."""

from dataclasses import replace

import pytest

from flows.audience import (
    Bound,
    Field,
    Profile,
    Sign,
    Term,
    UnreadableAudienceError,
    fits,
    read_audience,
)
from flows.customer import Channel

ALICE = Profile(
    customer="100001",
    state="streak",
    step="streak",
    month=4,
    language="en",
    channels=frozenset({Channel.SMS, Channel.TELEGRAM}),
    inactive_days=30,
    attributes={"tariff": "blue", "city": "Bad Homburg"},
)


def test_the_example_of_the_contract_is_read() -> None:
    terms = read_audience("state:streak month:>=4 language:de -attribute.tariff:blue")

    assert terms == (
        Term(Field.STATE, ("streak",)),
        Term(Field.MONTH, bounds=(Bound(Sign.AT_LEAST, 4),)),
        Term(Field.LANGUAGE, ("de",)),
        Term(Field.ATTRIBUTE, ("blue",), name="tariff", is_negated=True),
    )


@pytest.mark.parametrize(
    ("expression", "is_in"),
    [
        ("state:streak", True),
        ("state:steps,streak", True),
        ("-state:streak", False),
        ("step:video", False),
        ("month:4", True),
        ("month:>4", False),
        ("month:<=4", True),
        ("month:1,4", True),
        ("-month:<2 month:<5", True),
        ("language:de", False),
        ("channel:telegram", True),
        ("-channel:email", True),
        ("inactive:>=30", True),
        ("inactive:>30", False),
        ("attribute.tariff:blue,red", True),
        ('attribute.city:"Bad Homburg"', True),
        ("attribute.colour:blue", False),
        ("-attribute.colour:blue", True),
        ("customer:100001,100002", True),
        ("state:streak language:de", False),
    ],
)
def test_who_is_in_an_audience(expression: str, is_in: bool) -> None:  # noqa: FBT001
    assert fits(read_audience(expression), ALICE) is is_in


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("", "empty"),
        ("streak", "must read like"),
        ("stat:streak", "there is no such term"),
        ("state:strike", "there is no 'strike'"),
        ("step:film", "there are app, registration, streak, video"),
        ("month:four", "must be a number"),
        ("month:>=", "must be a number"),
        ("attribute:blue", "attribute.NAME:VALUE"),
        ("state.x:streak", "attribute.NAME:VALUE"),
        ("state:streak,", "a value is missing"),
        ('attribute.city:"Bad', "quotation mark"),
    ],
)
def test_an_unreadable_audience_says_what_is_expected(expression: str, hint: str) -> None:
    with pytest.raises(UnreadableAudienceError, match=hint):
        read_audience(expression)


def test_a_customer_without_an_attribute_is_not_among_its_values() -> None:
    bare = replace(ALICE, attributes={})

    assert not fits(read_audience("attribute.tariff:blue"), bare)
