"""The words of the film and of its pages, read from `messages/<language>/film.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec


class Scene(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one kind of scene says: a heading, a word above it, sentences."""

    heading: str
    said: tuple[str, ...]
    above: str = ""


class Plural(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name for one, and a name for several."""

    one: str
    many: str

    def of(self, count: int) -> str:
        """Name this many."""
        return (self.one if count == 1 else self.many).format(count=count)


class Texts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that film, captions, transcript and their pages say in one language."""

    film_name: str
    language_name: str
    locale: str  # how dates and amounts are written (Unicode)
    sample: Mapping[str, str]
    other: str
    times: str
    more: Plural
    labels: Mapping[str, str]
    scenes: Mapping[str, Scene]
    page: Mapping[str, str]


@cache
def texts_of(language: str) -> Texts:
    """Read the words of a language; KeyError if the film does not speak it."""
    file = files("messages").joinpath(language, "film.toml")
    if not file.is_file():
        raise KeyError(language)
    return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Texts)


@cache
def languages() -> tuple[str, ...]:
    """Name the languages that the film speaks; a folder more is a language more."""
    found = (f.name for f in files("messages").iterdir() if f.joinpath("film.toml").is_file())
    return tuple(sorted(found))


def spoken(language: str) -> str:
    """Give the language itself if the film speaks it, else one that it speaks."""
    return language if language in languages() else languages()[0]
