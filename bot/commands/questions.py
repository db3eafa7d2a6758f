"""`questions`: what waits for a person, and which words found no topic."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bot.commands.showing import as_json, facts, moment, table, wall
from storage.questions import Unfound, Waiting

MOST = 10_000


def show_json(waiting: Sequence[Waiting]) -> None:
    """Write what waits for programs (design 1.10)."""
    as_json(
        [
            {
                "id": row.id,
                "customer": row.customer,
                "at": moment(row.at),
                "text": row.text,
                "state": row.state,
                "request": row.request.value,
                "about": row.about,
                "taken_by": row.taken_by,
            }
            for row in waiting
        ]
    )


def show(waiting: Sequence[Waiting], zone: ZoneInfo) -> None:
    """Write what waits for people, the oldest first."""
    facts("Nothing waits." if not waiting else f"{len(waiting)} wait for a person.", [])
    rows = [
        (
            str(row.id),
            wall(row.at, zone),
            row.customer,
            row.request.value,
            row.state,
            row.text or row.about,
        )
        for row in waiting
    ]
    table(("id", "since", "customer", "what", "state", "text"), rows)


def show_suggestions_json(words: Sequence[Unfound]) -> None:
    """Write words that found no topic for programs."""
    as_json([{"word": one.word, "asked": one.asked, "topic": one.topic} for one in words])


def show_suggestions(words: Sequence[Unfound]) -> None:
    """Write words that found no topic for people."""
    facts("Asked for and not found" if words else "Nothing was missed often.", [])
    table(("word", "asked", "nearest topic"), [(w.word, str(w.asked), w.topic) for w in words])
