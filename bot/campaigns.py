"""The campaign file: TOML becomes the frozen terms, or is refused in one line with its place."""

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from flows.campaign import STREAK, Campaign
from flows.holidays import LANDS
from flows.steps import STEPS
from messages.topics import Topics, UnusableTopicsError, load, shipped

_SHIPPED = "campaign.toml"
_DIGITS = 16  # of a fingerprint: every journey keeps one
_UNKNOWN = "unexpected_keyword_argument"
_LONGEST = 10_000  # of days, months, hours: beyond it the calendar ends
_MAY_BE_LEFT_OUT = ("film_url", "app_store_url", "play_store_url")
_LENGTH = re.compile(r"(days|months|hours|minutes|_s)(\.\d+)?$")

# What participants are bound to. Links, limits, prices and languages may change under way.
_TERMS = ("name", "version", "steps", "streak", "invitations", "calls", "inactivity", "ends_at")


class UnusableCampaignError(Exception):
    """The campaign file cannot be used; the message names file, place and what is expected."""


class _Fault(Exception):
    """One place of the file and what is expected there."""


class _File(BaseModel):
    """The dataclasses below inherit this configuration: no depth knows other keys."""

    model_config = ConfigDict(extra="forbid", strict=True)

    terms: Campaign


def load_campaign(path: Path | None = None) -> Campaign:
    """Read a campaign file, by default the one shipped beside the core.

    Raises UnusableCampaignError for the first place that is wrong.
    """
    source: Traversable = path or files("flows") / _SHIPPED
    try:
        campaign = _campaign(_toml(source))
        _check(campaign)
        return _beside(campaign, path) if path is not None else campaign
    except _Fault as fault:
        raise UnusableCampaignError(f"{path or _SHIPPED}: {fault}") from None


def load_topics(campaign: Campaign) -> Topics:
    """Read the help topics: the shipped ones, and the operator's own in `help.topics`.

    Raises UnusableCampaignError with the file and the place that is wrong.
    """
    if not campaign.help.topics:
        return shipped()
    try:
        return load(Path(campaign.help.topics))
    except (UnusableTopicsError, OSError) as error:
        raise UnusableCampaignError(f"help.topics: {error}") from None


def _beside(campaign: Campaign, path: Path) -> Campaign:
    """Find the operator's topics from where the campaign file lies."""
    if not campaign.help.topics:
        return campaign
    folder = (path.parent / campaign.help.topics).resolve()
    if not folder.is_dir():
        raise _Fault(f"help.topics: there is no folder {folder}")
    return replace(campaign, help=replace(campaign.help, topics=str(folder)))


def _toml(source: Traversable) -> dict[str, object]:
    try:
        return tomllib.loads(source.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise _Fault(f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise _Fault("is not text in UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise _Fault(f"is not TOML: {error}") from None


def _campaign(content: dict[str, object]) -> Campaign:
    """Turn the file's content into terms; JSON on the way allows lists and words, no coercion."""
    try:
        return _File.model_validate_json(json.dumps({"terms": content}, default=_iso)).terms
    except ValidationError as error:
        # A name written wrong is also missing; the first says more.
        faults = error.errors(include_url=False, include_input=False)
        first = min(faults, key=lambda fault: fault["type"] != _UNKNOWN)
        raise _Fault(_sentence(first)) from None


def _iso(moment: object) -> str:
    return moment.isoformat() if isinstance(moment, datetime) else str(moment)


def _sentence(error: ErrorDetails) -> str:
    place = ".".join(str(part) for part in error["loc"][1:])
    match error["type"]:
        case "value_error":  # the terms contradict themselves and have said where
            return error["msg"].removeprefix("Value error, ")
        case "unexpected_keyword_argument":
            return f"{place}: there is no such setting"
        case "missing":
            return f"{place}: is required"
        case "dataclass_type" | "dict_type":
            return f"{place}: must be a table, [{place}]"
        case "datetime_parsing" | "datetime_type":
            return f"{place}: must be a moment such as 2028-06-30T23:59:59+02:00"
        case _:
            return f"{place}: {error['msg'].replace('Input should', 'must')}"


def _check(terms: Campaign) -> None:
    for place, is_wrong, expected in _faults(terms):
        if is_wrong:
            raise _Fault(f"{place}: {expected}")


def _faults(terms: Campaign) -> Iterator[tuple[str, bool, str]]:
    """List the checks that the core leaves to us: place, whether it is wrong, what is expected."""
    yield from _faults_of_steps(terms)
    for name in ("portal_url", "app_url", "terms_url", *_MAY_BE_LEFT_OUT):
        url = getattr(terms.operator, name)
        is_web = _is_web(url) or (not url and name in _MAY_BE_LEFT_OUT)
        yield f"operator.{name}", not is_web, "must be an address such as https://portal.example"
    for place, text in (
        ("name", terms.name),
        ("version", terms.version),
        ("operator.brand", terms.operator.brand),
        ("operator.hotline", terms.operator.hotline),
        ("messages.languages", terms.messages.languages),
    ):
        yield place, not text, "must not be empty"
    yield "messages.zone", not _is_zone(terms.messages.zone), "must be one like Europe/Berlin"
    yield (
        "messages.land",
        terms.messages.land not in (None, *LANDS),
        f"must be of {', '.join(LANDS)}",
    )
    for place, number in _numbers(terms):
        yield place, number < 0 or not math.isfinite(number), "must be a number from 0 on"
        is_endless = _LENGTH.search(place) is not None and number > _LONGEST
        yield place, is_endless, f"must not be above {_LONGEST}"


def _faults_of_steps(terms: Campaign) -> Iterator[tuple[str, bool, str]]:
    known = [step.name for step in STEPS]
    steps = terms.steps
    for name in steps.rewards:
        expected = f"there is no such step; there are {', '.join([*known, STREAK])}"
        yield f"steps.rewards.{name}", name not in (*known, STREAK), expected
    for name, needed in steps.requires.items():
        place, expected = f"steps.requires.{name}", f"both must be of {', '.join(known)}"
        yield place, not {name, needed} <= set(known), expected
        yield place, _leads_back(name, steps.requires), "waits for itself"


def _leads_back(name: str, requires: dict[str, str]) -> bool:
    seen = {name}
    while (name := requires.get(name, "")) and name not in seen:
        seen.add(name)
    return name in seen


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.hostname) and " " not in url


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True


def _numbers(value: object, place: str = "") -> Iterator[tuple[str, float]]:
    """Walk through terms and give every number with its dotted place."""
    below = f"{place}." if place else ""
    if is_dataclass(value):
        for field in fields(value):
            yield from _numbers(getattr(value, field.name), below + field.name)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _numbers(part, f"{below}{name}")
    elif isinstance(value, tuple):
        for n, part in enumerate(value):
            yield from _numbers(part, f"{below}{n}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place, value


def fingerprint(campaign: Campaign) -> str:
    """Name the terms that participants are bound to: equal terms have equal names, on any machine.

    Whatever may change under way (links, limits, prices, budget, holdout) has no part in it.
    """
    terms = [(name, _plain(getattr(campaign, name))) for name in _TERMS]
    return hashlib.sha256(json.dumps(terms).encode()).hexdigest()[:_DIGITS]


def _plain(value: object) -> object:
    """Reduce terms to what JSON writes the same way each time; the order of steps has a meaning."""
    if is_dataclass(value):
        return [(field.name, _plain(getattr(value, field.name))) for field in fields(value)]
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.value if isinstance(value, Enum) else value
