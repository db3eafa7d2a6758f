"""`webhook.beside_film`: how long webhooks take while phones fetch the film, and while none does.

Both come at a steady rate, whatever is answered; load and phones are processes of their own.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from bot.campaigns import load_campaign
from bot.film.films import Film, Films
from bot.keys import Keys
from bot.turns.personal_links import PAGE_LINK
from storage.changes import MintLink
from storage.memory import Link
from tests.bench.crowds import customer, fill_file, flat, members
from tests.bench.inbound import shots
from tests.bench.load import Order, Shot
from tests.bench.measuring import Benchmark, Goal, Ground, Lap, Runner, expect, quantile, stopwatch
from tests.bench.processes import copied, fire, provider
from tests.bench.real_house import real_house
from tests.cast import NOON

WEBHOOKS_PER_S, CONNECTIONS = 100, 32
PHONES, RANGES_PER_S = 20, 100
FILM, RANGE = 160 * 1024, 64 * 1024  # bytes: what the general film has, and what a phone asks for
ALONE = 500  # ranges at most that are fetched with nothing beside them, for their CPU
ASKED = "STATUS"
LANGUAGE = "en"
SECRET = "0" * 64
WARM_S = 0.5


async def prepare(ground: Ground) -> None:
    """Let some customers write; as many others have links to their pages, and a film lies ready."""
    folder = ground.folder
    (folder / "secret.key").write_text(SECRET)
    keys = _keys()
    links = [_link(n, keys) for n in range(PHONES)]
    await fill_file(folder / "bot.db", [*flat(members(_writers(ground), NOON)), *links])
    films = Films(folder / "films", keys, lambda: NOON)
    films._path(films.general(load_campaign(None)), LANGUAGE, "mp4").write_bytes(bytes(FILM))


def _keys() -> Keys:
    return Keys(SECRET.encode(), lambda: "")


def _writers(ground: Ground) -> int:
    return max(ground.size, PHONES) + CONNECTIONS


def _link(n: int, keys: Keys) -> MintLink:
    link = Link(customer(n).number, PAGE_LINK, NOON + timedelta(days=1), None)
    return MintLink(keys.of_link(_token(n)), link)


def _token(n: int) -> str:
    return f"{n:022d}"


async def _lap(ground: Ground, *, is_shown: bool) -> Lap:
    copied(ground.prepared, ground.folder)
    film = Films(ground.folder / "films", _keys(), lambda: NOON).general(load_campaign(None))
    length_s, alone = ground.size / WEBHOOKS_PER_S, min(ALONE, ground.size)
    async with provider() as far, real_house(ground.folder, far.origin, None) as port:
        await fire(_webhooks(port, range(ground.size, ground.size + CONNECTIONS), 0.0))
        async with _phones(port, film, length_s + 2 * WARM_S, is_shown=is_shown):
            hits = await fire(_webhooks(port, range(ground.size), WARM_S))
        with stopwatch() as watch:
            await fire(_ranges(port, film, alone, 0.0), 206)
    took = [(hit.done_at - hit.left_at) * 1000 for hit in hits]
    expect(len(took), ground.size, "webhooks")
    beside = f"median {quantile(took, 0.5):.1f} ms, p95 {quantile(took, 0.95):.1f} ms"
    return Lap(quantile(took, 0.99), watch.cpu_s / alone * 1e6, beside)


def _webhooks(port: int, writers: Sequence[int], first_s: float) -> Order:
    moments = [first_s + n / WEBHOOKS_PER_S for n in range(len(writers))]
    return Order(port, CONNECTIONS, shots(writers, ASKED, moments))


@asynccontextmanager
async def _phones(port: int, film: Film, length_s: float, *, is_shown: bool) -> AsyncIterator[None]:
    """Let phones fetch the film for so long, over and over."""
    if not is_shown:
        yield
        return
    order = _ranges(port, film, round(length_s * RANGES_PER_S), 1 / RANGES_PER_S)
    fetching = asyncio.create_task(fire(order, 206))
    yield
    await fetching


def _ranges(port: int, film: Film, many: int, gap_s: float) -> Order:
    fired = [Shot(_range(n, film), n * gap_s) for n in range(many)]
    return Order(port, PHONES, fired)


def _range(n: int, film: Film) -> bytes:
    begins = (n * RANGE) % FILM
    return (
        f"GET /p/{_token(n % PHONES)}/film/{film.id}-{LANGUAGE}.mp4 HTTP/1.1\r\n"
        f"Host: bot.example\r\nRange: bytes={begins}-{min(begins + RANGE, FILM) - 1}\r\n\r\n"
    ).encode()


BESIDE_FILM = Benchmark(
    "webhook.beside_film",
    "ms p99",
    Goal(
        f"at {WEBHOOKS_PER_S} webhooks a second at most 1.3 times what they take when nobody"
        f" watches, while {PHONES} phones fetch {RANGES_PER_S} ranges of {RANGE // 1024} KiB a"
        " second; the CPU is that of one range",
        of_limit=1.3,
    ),
    1000,
    {Runner.OURS: partial(_lap, is_shown=True), Runner.LIMIT: partial(_lap, is_shown=False)},
    is_cost=True,
    prepare=prepare,
)
