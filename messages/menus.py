"""The menus that a chat shows beside its field: commands with a few words, per language."""

import tomllib
from importlib.resources import files


def menu_of(language: str) -> tuple[tuple[str, str], ...]:
    """Read the commands of a language, in the order of `messages/<language>/menu.toml`."""
    return _read(language, "menu.toml")


def office_menu_of(language: str) -> tuple[tuple[str, str], ...]:
    """Read what managers see instead, from `messages/<language>/office_menu.toml`."""
    return _read(language, "office_menu.toml")


def _read(language: str, name: str) -> tuple[tuple[str, str], ...]:
    text = files("messages").joinpath(language, name).read_text(encoding="utf-8")
    return tuple(tomllib.loads(text).items())
