"""The bot as it serves, put together by its own composition root, between the load and a provider.

Its clock starts at a Tuesday noon, so that no measurement falls into quiet hours.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from bot.crew import Crew
from bot.hosting import open_pages
from bot.metrics import Metrics
from bot.parting import lane_of, relay_of
from bot.premises import open_premises
from bot.pulse import Pulse
from bot.real import open_channels
from bot.settings import Settings
from bot.turns.timers import Timers
from bot.web.server import application, serve
from bot.workers import Worker
from storage.store import Store
from tests.bench.inbound import PUBLIC_URL
from tests.bench.processes import free_port
from tests.bench.webhook import listening
from tests.cast import NOON
from tests.fakes.twilio_payloads import NUMBER, SERVICE, SID, TOKEN


def from_noon() -> Callable[[], datetime]:
    """Give a clock that runs at real speed from noon on."""
    start = time.monotonic()
    return lambda: NOON + timedelta(seconds=time.monotonic() - start)


@asynccontextmanager
async def real_house(folder: Path, origin: str, rate: float | None) -> AsyncIterator[int]:
    """Serve SMS at a lane's rate, and the customers' pages, from a folder; gives the port."""
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{folder}/bot.db"),
        public_url=PUBLIC_URL,
        twilio_account_sid=SID,
        twilio_auth_token=SecretStr(TOKEN),
        twilio_messaging_service_sid=SERVICE,
        twilio_from=NUMBER,
        twilio_api_base_url=origin,
    )
    port, stop = free_port(), asyncio.Event()
    async with open_premises(settings, from_noon(), _no_name) as premises:
        metrics = Metrics()
        channels = open_channels(settings, premises, metrics)
        lanes = tuple(replace(lane_of(s, premises), rate=rate) for s in channels.senders)
        workers: list[Worker] = [Timers(premises.store, premises.turns, premises.clock)]
        pages = open_pages(settings, premises, None)
        app = application([*channels.routes, *pages.routes], premises.store, metrics)
        tasks = [
            asyncio.create_task(task)
            for task in (
                serve(app, "127.0.0.1", port, stop),
                *Crew(workers, relay_of(premises, lanes, metrics), (), Pulse(metrics)).at_work(
                    premises, stop, is_apart=False
                ),
            )
        ]
        try:
            await listening(port)
            yield port
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await pages.close()
            for sender in channels.senders:
                await sender.close()


async def _no_name(_: Store) -> None:
    return None
