"""Hearing finds what a customer meant, whatever the case, the spelling or the language.

The order is the rule: an emergency first, then an opt-out as the whole message or its first word,
then exact words, then typos, then a stop word inside a sentence; all else is a question. Every
language is understood at any time, the customer's own goes first.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from flows.customer import Channel
from flows.intent import Intent
from messages.emergency import is_emergency
from messages.folding import fold, words
from messages.typos import guess, guess_opt_out
from messages.vocabulary import Vocabulary, vocabularies

# Twilio obeys these by itself, so we do too where Twilio carries the message; never offered by us.
_TWILIOS_STOPS = frozenset({"stopall", "cancel", "end", "quit", "revoke", "optout"})
_COMMAND = re.compile(r"\s*/([a-z]+)(?:@\w+)?(?!\S)", re.IGNORECASE)
_COMMANDS = {
    "status": Intent.STATUS,
    "help": Intent.HELP,
    "stop": Intent.OPT_OUT,
    "language": Intent.LANGUAGE,
    "privacy": Intent.TERMS,
    "start": Intent.STATUS,  # it opens a chat; nobody is opted in by it
}
_LONGEST_BEGINNING = 4  # words of a phrase that a message may begin with

Words = tuple[str, ...]
Tongues = tuple[Vocabulary, ...]


@dataclass(frozen=True, slots=True)
class Hearing:
    """What was meant; `language` is the one that was asked for, `is_exact` false for a typo."""

    intent: Intent
    language: str | None = None
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text taken in, whoever wrote it: `settled` is what it means in any language.

    `ways` are its words as they stand and, if that differs, without courtesy, which comes last.
    """

    ways: tuple[Words, ...]
    settled: Hearing | None = None


def hear(text: str, language: str, channel: Channel = Channel.SMS) -> Hearing:
    """Understand a message of somebody who speaks this language; never raises, linear in time."""
    return understand(listen(text, channel), language)


def listen(text: str, channel: Channel = Channel.SMS) -> Spoken:
    """Take in a message: all that does not depend on who wrote it."""
    folded = fold(text)
    spoken = words(folded)
    if is_emergency(folded, spoken):
        return Spoken((spoken,), Hearing(Intent.EMERGENCY))
    if channel is Channel.TELEGRAM and (command := _command(text)) is not None:
        return Spoken((spoken,), Hearing(command))
    plain = _without_courtesy(spoken)
    ways = (spoken,) if plain == spoken else (spoken, plain)
    return Spoken(ways, _hear_opt_out(ways, channel))


def understand(spoken: Spoken, language: str) -> Hearing:
    """Tell what it means when it comes from somebody who speaks this language."""
    if spoken.settled is not None:
        return spoken.settled
    tongues = _tongues(language.partition("-")[0].lower())  # "de-AT" speaks "de"
    return (
        _hear_exactly(spoken.ways, tongues)
        or _hear_typos(spoken.ways[-1], tongues)
        or _hear_aside(spoken.ways[0], tongues)
        or Hearing(Intent.QUESTION)
    )


def _command(text: str) -> Intent | None:
    match = _COMMAND.match(text)
    return _COMMANDS.get(match[1].lower()) if match else None


@lru_cache(maxsize=100)
def _tongues(own: str) -> Tongues:
    """List every language, the customer's own first."""
    known = vocabularies()
    return tuple(known[code] for code in sorted(known, key=lambda code: (code != own, code)))


@cache
def _courtesy() -> frozenset[str]:
    return frozenset[str]().union(*(tongue.courtesy for tongue in vocabularies().values()))


def _without_courtesy(spoken: Words) -> Words:
    polite = _courtesy()
    return tuple(word for word in spoken if word not in polite) or spoken


def _hear_opt_out(ways: tuple[Words, ...], channel: Channel) -> Hearing | None:
    tongues = vocabularies().values()
    is_led = any(_leads(Intent.OPT_OUT, said, t) for said in ways for t in tongues)
    is_twilios = channel is Channel.SMS and "".join(ways[-1]) in _TWILIOS_STOPS
    return Hearing(Intent.OPT_OUT) if is_led or is_twilios else None


def _hear_exactly(ways: tuple[Words, ...], tongues: Tongues) -> Hearing | None:
    for tongue in tongues:
        for said in ways:
            if (intent := _meaning(said, tongue)) is not None:
                return Hearing(intent, tongue.language if intent is Intent.LANGUAGE else None)
    return None


def _meaning(said: Words, tongue: Vocabulary) -> Intent | None:
    for whole in (" ".join(said), "".join(said)):
        if whole in tongue.phrases:
            return tongue.phrases[whole]
    # Whoever objects gives the reason in the same breath.
    is_objection = _leads(Intent.OBJECT, said, tongue)
    return _answer(said, tongue) or (Intent.OBJECT if is_objection else None)


def _answer(said: Words, tongue: Vocabulary) -> Intent | None:
    """Hear a yes or a no only if nothing else is said: "Ja, aber ..." is a question."""
    for intent, answers, around in (
        (Intent.JOIN, tongue.yes, tongue.with_yes),
        (Intent.DECLINE, tongue.no, tongue.with_no),
    ):
        is_said = not answers.isdisjoint(said) and (answers | around).issuperset(said)
        if is_said or "".join(said) in answers:
            return intent
    return None


def _leads(intent: Intent, said: Words, tongue: Vocabulary) -> bool:
    """Tell whether a message begins with a word or phrase of this meaning."""
    for n in range(1, min(len(said), _LONGEST_BEGINNING) + 1):
        if tongue.phrases.get(" ".join(said[:n])) is intent:
            return True
    return False


def _hear_typos(plain: Words, tongues: Tongues) -> Hearing | None:
    if not plain:
        return None
    if len(plain) == 1 and (guessed := guess(plain[0], tongues)) is not None:
        intent, keyword = guessed
        named = next((t.language for t in tongues if keyword in t.phrases), None)
        return Hearing(intent, named if intent is Intent.LANGUAGE else None, is_exact=False)
    stop = guess_opt_out(plain[0], tongues) if len(plain) > 1 else None
    return Hearing(stop, is_exact=False) if stop else None


def _hear_aside(spoken: Words, tongues: Tongues) -> Hearing | None:
    """Find a stop word inside a sentence that is about something else."""
    sentence = f" {' '.join(spoken)} "
    for tongue in tongues:
        for phrase in tongue.harmless_stops:
            sentence = sentence.replace(f" {phrase} ", " ")
    stops = (stop for tongue in tongues for stop in tongue.stops)
    is_aside = any(f" {stop} " in sentence for stop in stops)
    return Hearing(Intent.MAYBE_OPT_OUT) if is_aside else None
