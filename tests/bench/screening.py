"""`webhook.beside_film`: how long webhooks take while phones fetch the film, and while none does.

Both come at a steady rate, whatever is answered; load and phones are processes of their own.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

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
PAIR = 200  # webhooks beside the film and then without it, or the other way round
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
    return max(2 * ground.size, PHONES) + CONNECTIONS


def _pairs(ground: Ground) -> int:
    return max(ground.size // PAIR, 1)


def _link(n: int, keys: Keys) -> MintLink:
    link = Link(customer(n).number, PAGE_LINK, NOON + timedelta(days=1), None)
    return MintLink(keys.of_link(_token(n)), link)


def _token(n: int) -> str:
    return f"{n:022d}"


async def ours(ground: Ground) -> Lap:
    """Let phones watch and not watch by turns, so that whatever else runs slows both alike."""
    copied(ground.prepared, ground.folder)
    film = Films(ground.folder / "films", _keys(), lambda: NOON).general(load_campaign(None))
    took: dict[bool, list[float]] = {True: [], False: []}
    many = ground.size // _pairs(ground)
    async with provider() as far, real_house(ground.folder, far.origin, None) as port:
        await fire(_webhooks(port, range(CONNECTIONS), 0.0))
        for n, is_shown in enumerate(_turns(ground)):
            first = CONNECTIONS + n * many
            async with _phones(port, film, many / WEBHOOKS_PER_S + 2 * WARM_S, is_shown=is_shown):
                hits = await fire(_webhooks(port, range(first, first + many), WARM_S))
            took[is_shown] += [(hit.done_at - hit.left_at) * 1000 for hit in hits]
        alone = min(ALONE, ground.size)
        with stopwatch() as watch:
            await fire(_ranges(port, film, alone, 0.0), 206)
    expect(len(took[True]), len(took[False]), "webhooks beside the film and without it")
    beside, idle = (quantile(took[is_shown], 0.99) for is_shown in (True, False))
    return Lap(
        beside / idle,
        watch.cpu_s / alone * 1e6,
        f"measured p99 {beside:.0f} ms beside the film, {idle:.0f} ms without; medians"
        f" {quantile(took[True], 0.5):.1f} and {quantile(took[False], 0.5):.1f} ms",
    )


def _turns(ground: Ground) -> list[bool]:
    """Say when phones watch: once in each pair, first or second."""
    pairs = (ground.chance.sample((True, False), 2) for _ in range(_pairs(ground)))
    return [is_shown for pair in pairs for is_shown in pair]


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
    "times the p99 without a film",
    Goal(
        f"at {WEBHOOKS_PER_S} webhooks a second at most 1.3 times what they take when nobody"
        f" watches, while {PHONES} phones fetch {RANGES_PER_S} ranges of {RANGE // 1024} KiB a"
        " second; the CPU is that of one range",
        ours=1.3,
    ),
    1000,
    {Runner.OURS: ours},
    is_cost=True,
    prepare=prepare,
)
