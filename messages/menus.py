"""The menus that a chat shows beside its field: commands with a few words, per language."""

import tomllib
from importlib.resources import files


def menu_of(language: str) -> tuple[tuple[str, str], ...]:
    """Read the commands of a language, in the order of `messages/<language>/menu.toml`."""
    text = files("messages").joinpath(language, "menu.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text).items())
