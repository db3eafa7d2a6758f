"""The words of the customers' programme page, read from `messages/<language>/page.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec


class StepWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one step is called, how it is done, and what its button says."""

    name: str
    how: str
    go: str
    instead: str = ""


class PageWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that the page says in one language; facts stand in braces."""

    language_name: str
    locale: str  # how dates and numbers are written (Unicode)
    states: Mapping[str, tuple[str, str]]  # by state: a heading, and a sentence below it
    steps: Mapping[str, StepWords]
    marks: Mapping[str, str]
    calls: Mapping[str, str]
    channels: Mapping[str, str]
    remains: tuple[str, ...]  # after an erasure, and why
    said: Mapping[str, str]  # by the line or answer that it stands for
    words: Mapping[str, str]


@cache
def words_of(language: str) -> PageWords:
    """Read the words of a language; KeyError if the page does not speak it."""
    file = files("messages").joinpath(language, "page.toml")
    if not file.is_file():
        raise KeyError(language)
    return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), PageWords)
