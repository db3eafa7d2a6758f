"""`broadcast`: how drafts are read from the command line, and previews and progress shown there."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.broadcasting.authority import Actor
from bot.broadcasting.broadcasts import Broadcasts
from bot.broadcasting.cards import expectations
from bot.broadcasting.previewing import Preview, said
from bot.broadcasting.progress import Progress
from bot.broadcasting.reports import as_csv
from bot.commands.refusal import RefusedError
from bot.commands.showing import Json, as_json, counting, facts, moment, table, zoned
from bot.inviting.waves import Pausable, Waves
from flows.broadcast import BroadcastState, RecipientState
from flows.campaign import Campaign
from flows.life import Life

_BAR = 30
_EVERY_S = 1.0
_APPROVE = "statthotline broadcast approve {} --as APPROVER"
_NEXT = {
    BroadcastState.DRAFT: "statthotline broadcast preview {}",
    BroadcastState.APPROVED: "statthotline broadcast start {}",
    BroadcastState.RUNNING: "statthotline broadcast show {} --watch",
    BroadcastState.PAUSED: "statthotline broadcast resume {}",
}
_GOING_ON = (BroadcastState.SCHEDULED, BroadcastState.RUNNING)


def texts_of(given: Iterable[str]) -> dict[str, str]:
    """Read texts such as `de=Hallo`. Raises RefusedError."""
    texts = {}
    for text in given:
        language, equals, words = text.partition("=")
        if not equals:
            raise RefusedError(f"--text {text}: must read like de=TEXT")
        if language in texts:
            raise RefusedError(f"--text {language}: is given twice")
        texts[language] = words
    return texts


def show_id(drafted: str, *, json: bool) -> None:
    """Say which id a draft has."""
    if json:
        as_json({"id": drafted})
    else:
        facts(f"{drafted} is drafted", [("next", f"statthotline broadcast preview {drafted}")])


def show_sent(broadcast: str, sent: int, *, json: bool) -> None:
    """Say how many messages a test was."""
    if json:
        as_json({"id": broadcast, "sent": sent})
    else:
        facts(f"{sent} test messages of {broadcast} are on their way", [])


def show_retried(broadcast: str, failed: int, *, json: bool) -> None:
    """Say how many are tried again."""
    if json:
        as_json({"id": broadcast, "retried": failed})
    else:
        facts(f"{broadcast}: {failed} are tried again", [])


def preview_as_json(preview: Preview) -> Json:
    """Give a preview for programs."""
    return {
        "id": preview.id,
        "planned": preview.planned,
        "excluded": dict(preview.excluded),
        "renderings": [
            {
                "language": each.language,
                "channel": each.channel.value,
                "text": each.text,
                "encoding": each.encoding,
                "segments": each.segments,
            }
            for each in preview.renderings
        ],
        "segments": preview.all_segments,
        "segments_by_language": dict(preview.segments),
        "cost_cents": preview.cost_cents,
        "stars": preview.stars,
        "first_at": moment(preview.first_at),
        "done_at": moment(preview.done_at),
        "duration_s": preview.duration_s,
        "in_dialogue": preview.in_dialogue,
        "replies_per_hour": preview.replies_per_hour,
        "calls_avoided": preview.calls_avoided,
        "hash": preview.hash,
    }


def show_preview(preview: Preview, zone: ZoneInfo, *, json: bool) -> None:
    """Show a preview."""
    if json:
        as_json(preview_as_json(preview))
        return
    facts(
        f"{preview.id}: {preview.planned} recipients",
        [
            ("to", preview.draft.audience),
            *_passed_over(preview.excluded),
            *expectations(preview, zone),
            ("hash", preview.hash[:16]),
            ("next", "" if preview.is_approved else _APPROVE.format(preview.id)),
        ],
    )
    rows = [
        (
            each.language,
            each.channel.value,
            each.encoding or "",
            str(each.segments or ""),
            each.text,
        )
        for each in preview.renderings
    ]
    table(("language", "channel", "encoding", "segments", "text"), rows)


def progress_as_json(progress: Progress) -> Json:
    """Give progress for programs."""
    return {
        "id": progress.id,
        "state": progress.row.state.value,
        "planned": progress.counts.planned,
        "states": {state.value: progress.counts.states.get(state, 0) for state in RecipientState},
        "excluded": dict(progress.counts.excluded),
        "rate_per_s": progress.rate_per_s,
        "done_at": moment(progress.done_at),
        "next_at": None if progress.waits_for_the_campaign else moment(progress.next_at),
        "reason": progress.row.reason or None,
        "author": progress.row.draft.author,
        "approved_by": progress.row.approved_by,
        "starts_at": moment(progress.row.starts_at),
    }


def show_progress(progress: Progress, zone: ZoneInfo, *, json: bool) -> None:
    """Show how far a broadcast is."""
    if json:
        as_json(progress_as_json(progress))
        return
    states = progress.counts.states
    open_ = states.get("planned", 0) + states.get("claimed", 0)
    planned = progress.counts.planned
    done = round(_BAR * (planned - open_) / planned) if planned else 0
    shown = "▰" * done + "▱" * (_BAR - done) + f" {planned - open_} of {planned}"
    facts(
        f"{progress.id}: {progress.row.state}",
        [
            ("why", progress.row.reason),
            ("", shown if planned else ""),
            *((state.value, str(states.get(state, "") or "")) for state in RecipientState),
            *_passed_over(progress.counts.excluded),
            ("pace", f"{progress.rate_per_s:.1f}/s" if progress.rate_per_s else ""),
            ("starts at", _waits_until(progress, zone)),
            ("next at", _next(progress, zone)),
            ("done at", zoned(progress.done_at, zone) if progress.done_at else ""),
            ("next", _NEXT.get(progress.row.state, "").format(progress.id)),
        ],
    )


def _passed_over(excluded: Mapping[str, int]) -> list[tuple[str, str]]:
    return [(f"not: {said(reason)}", str(count)) for reason, count in excluded.items()]


def _next(progress: Progress, zone: ZoneInfo) -> str:
    if progress.waits_for_the_campaign:
        return "when the campaign goes on: statthotline broadcast resume campaign"
    return zoned(progress.next_at, zone) if progress.next_at else ""


def _waits_until(progress: Progress, zone: ZoneInfo) -> str:
    is_waiting = progress.row.state is BroadcastState.SCHEDULED
    return zoned(progress.row.starts_at, zone) if is_waiting else ""


def show_list(all_: Iterable[Progress], *, json: bool) -> None:
    """Show all broadcasts."""
    if json:
        as_json([progress_as_json(each) for each in all_])
        return
    rows = [(p.id, p.row.state.value, str(p.counts.planned), p.row.draft.audience) for p in all_]
    table(("id", "state", "planned", "audience"), rows)


async def write_report(broadcasts: Broadcasts, actor: Actor, broadcast: str, path: Path) -> None:
    """Write what became of everybody. Raises RefusedError if the file cannot be written."""
    try:
        with path.open("wb") as file, counting("recipients") as tell:
            written, of = 0, (await broadcasts.show(actor, broadcast)).counts.planned
            async for lines in as_csv(broadcasts, actor, broadcast):
                file.write(lines)
                written += lines.count(b"\n")
                tell(written, of)
    except OSError as error:
        raise RefusedError(f"{path}: {error.strerror}") from None


async def watch(broadcasts: Broadcasts, actor: Actor, broadcast: str) -> Progress:
    """Follow a broadcast with a bar until it rests; gives how it then stands."""
    progress = await broadcasts.show(actor, broadcast)
    with counting(progress.id) as tell:
        while progress.row.state in _GOING_ON:
            planned = progress.counts.planned
            tell(planned - progress.left, planned)
            await asyncio.sleep(_EVERY_S)
            row = await broadcasts.keeper.find(progress.row.id)
            progress = await broadcasts.progress(row or progress.row)
    return progress


async def pace(waves: Waves, act: str, what: Pausable, *, json: bool) -> None:
    """Pause or resume what can be paused as a whole. Raises BroadcastError."""
    moved = await (waves.pause(what) if act == "pause" else waves.resume(what))
    paused_at = await waves.paused_at(what)
    if json:
        as_json({"paused_at": moment(paused_at), "waiting": moved})
    else:
        facts(f"{what} {'paused' if paused_at else 'resumed'}", [("messages", str(moved))])


def show_life(life: Life, terms: Campaign, paused_at: datetime | None, *, json: bool) -> None:
    """Show where the campaign stands."""
    if json:
        as_json(
            {
                "state": life.value,
                "paused_at": moment(paused_at),
                "starts_at": moment(terms.starts_at),
                "ends_at": moment(terms.ends_at),
            }
        )
        return
    days = (("starts", terms.starts_at), ("ends", terms.ends_at), ("paused since", paused_at))
    facts(
        f"{terms.name}: {life}",
        [(name, zoned(at, terms.zone)) for name, at in days if at is not None],
    )
