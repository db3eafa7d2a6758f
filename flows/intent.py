"""What a customer can mean, whatever the words, the language or the button."""

from enum import StrEnum


class Intent(StrEnum):
    """One meaning; design.md 1.5 lists the words."""

    EMERGENCY = "emergency"
    JOIN = "join"
    DECLINE = "decline"
    OPT_OUT = "opt_out"
    MAYBE_OPT_OUT = "maybe_opt_out"  # a stop word inside a sentence: ask once
    OPT_IN = "opt_in"
    LEAVE = "leave"
    STATUS = "status"
    NEXT = "next"
    HELP = "help"
    PERSON = "person"
    TERMS = "terms"
    OBJECT = "object"
    DATA = "data"
    ERASE = "erase"
    LANGUAGE = "language"
    QUESTION = "question"  # anything else


class Remark(StrEnum):
    """What a free text is, where it is no question about a topic."""

    COURTESY = "courtesy"  # a greeting or thanks, and nothing else
    SIGNS = "signs"  # no words at all: emoji, a dot
    ANGER = "anger"
    FOREIGN = "foreign"  # in a language that we do not speak
