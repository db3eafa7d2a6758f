"""What was played in the sandbox by its doors is kept as a story, and comes true when replayed."""

import asyncio
import json
import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.stories import read, write
from tests.cast import ALICE, NOON
from tests.end_to_end.process import Answer, ask
from tests.stories.player import Player, check_books, on_stage, play

pytestmark = pytest.mark.anyio

PHONE = ALICE.contacts[0].address.value
SAMPLE = f"customer,phone,email,language,basis\n{ALICE.number},{PHONE},,en,consent\n".encode()
PLAYED = (
    ("sms", {"from": PHONE, "text": "what is this?"}),
    ("sms", {"from": PHONE, "text": "join"}),
    ("sms", {"from": PHONE, "text": "Join, please"}),
    ("events", {"type": "app.installed", "customer": ALICE.number}),
    ("clock", {"advance": "PT2M"}),
    ("telegram", {"from": PHONE, "text": "LINK"}),
    ("telegram", {"from": PHONE, "button": "Next step"}),
    ("events", {"type": "portal.registered", "customer": ALICE.number}),
    ("events", {"type": "video.watched", "customer": ALICE.number, "data": {"share": 1}}),
    ("clock", {"advance": "next"}),
    ("clock", {"advance": "P1M"}),
    ("events", {"type": "hotline.called", "customer": ALICE.number}),
    ("telegram", {"from": PHONE, "text": "object"}),
    ("clock", {"advance": "P1M", "feeds": False}),
    ("sms", {"from": PHONE, "text": "STOP"}),
)


async def test_what_was_played_in_the_sandbox_replays_unchanged(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "again").mkdir()

    saved, texts = await play_by_the_doors(tmp_path / "first")
    story = read(saved)
    replayed = await play(story, tmp_path / "again")

    assert write(story) == saved
    assert texts_of(replayed) == texts


async def play_by_the_doors(folder: Path) -> tuple[str, list[str]]:
    """Play as a visitor of the page does, in real time; give the saved story and what was said."""
    began = time.monotonic()

    def clock() -> datetime:
        return NOON + timedelta(seconds=time.monotonic() - began)

    async with on_stage(folder, clock) as (stage, premises, url):

        async def door(name: str, body: dict[str, object] | None = None) -> Answer:
            sent = json.dumps(body).encode() if body else None
            return await asyncio.to_thread(ask, f"{url}/simulator/{name}", sent)

        await stage.sandbox.start(SAMPLE, stage.mover)
        player = Player(stage, premises, ALICE)
        for name, body in PLAYED:
            player.look()
            said = dict(body)
            if said.get("text") == "LINK":
                said["text"] = player.newest_link()
            answer = await door(name, said)
            assert answer.status == 200, answer.body
        player.look()
        await check_books(premises.store, premises, ALICE.number)
        saved = await door(f"story/{quote(PHONE)}")
        return saved.body.decode(), texts_of(player)


def texts_of(player: Player) -> list[str]:
    """List what was said, but for what is new each time: codes in links and times of day."""
    told = (f"{said.channel}: {said.text} {said.buttons}" for said in player.said)
    return sorted(re.sub(r"https?://\S+|\d+:\d\d", "…", text) for text in told)
