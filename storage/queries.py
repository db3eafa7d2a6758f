"""Queries have names and live in .sql files, each with a sentence above it; Python holds no SQL."""

import re
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

_HEADING = re.compile(r"^-- (\w+) --$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)
_NUMBER = re.compile(r"(\d{3})_\w+\.sql")


def load(keeper: str, subject: str) -> Mapping[str, str]:
    """Read the queries of one subject: name -> SQL without its sentence."""
    text = files("storage").joinpath("sql", keeper, f"{subject}.sql").read_text("utf-8")
    _, *parts = _HEADING.split(text)
    names, bodies = parts[::2], parts[1::2]
    bare = (_COMMENT.sub("", body).strip().removesuffix(";") for body in bodies)
    return MappingProxyType(dict(zip(names, bare, strict=True)))


def migrations(keeper: str) -> tuple[tuple[int, str, str], ...]:
    """List the numbered migrations in order: number, file name, SQL."""
    folder = files("storage").joinpath("sql", keeper)
    numbered = (
        (int(found[1]), file.name, file.read_text("utf-8"))
        for file in folder.iterdir()
        if (found := _NUMBER.fullmatch(file.name))
    )
    return tuple(sorted(numbered))
