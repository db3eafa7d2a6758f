"""`ask`: which help topic a customer's words find, and why."""

from bot.commands.refusal import RefusedError
from bot.commands.showing import as_json, facts, table
from messages.topics import Choice, Clear, Found, Nobody, Several, Topics, choose


def ask(topics: Topics, text: str, language: str) -> tuple[Found, ...]:
    """Rank the topics for a text; raises RefusedError for a language without topics."""
    if language not in topics.languages:
        known = ", ".join(topics.languages)
        raise RefusedError(f"{language}: there are no topics in this language, only in {known}")
    return topics.find(text, language)


def show_json(found: tuple[Found, ...]) -> None:
    """Write the ranking for programs (design 1.10)."""
    as_json(
        [{"topic": one.topic, "score": round(one.score, 2), "why": list(one.why)} for one in found]
    )


def show(found: tuple[Found, ...]) -> None:
    """Write the ranking for people, and what a customer would get."""
    facts(_told(choose(found)), [])
    rows = [(one.topic, f"{one.score:.2f}", ", ".join(one.why)) for one in found]
    table(("topic", "score", "why"), rows)


def _told(choice: Choice) -> str:
    match choice:
        case Clear(topic):
            return f"Answered at once: {topic}"
        case Several(topics):
            return f"Offered: {', '.join(topics)}"
        case Nobody():
            return "No topic: a person answers"
