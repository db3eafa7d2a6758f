"""The films: drawn in a process of their own, one at a time, kept as long as there is room."""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import av
import pytest

from bot.film.films import ABANDONED_S, FRESH, UNUSED_S, Bounds, Film, Films, Readiness
from bot.film.orders import MOST_WAITING, FilmOrders
from bot.keys import Keys
from messages.film.palette import HEIGHT, WIDTH
from messages.film.telling import storyboard
from tests.bot.film_house import Bills, with_bills
from tests.bot.programme_house import HandClock
from tests.cast import ALICE, BABAK, TERMS
from tests.messages.film.bills import PLAIN, SPEAKER, TOTAL_ONLY

pytestmark = pytest.mark.anyio

BOARD = storyboard(TOTAL_ONLY, SPEAKER)
# Stands in for the studio where only its beginning and end matter: it writes what it was given.
WRITES = (
    "import pathlib, sys, time; time.sleep(0.05); sys.stdin.buffer.read();"
    "[pathlib.Path(name).write_bytes(b'x' * 5000) for name in sys.argv[1:]]"
)
# Runs the studio, and writes down what it took: CPU seconds, and KiB at its largest.
MEASURED = """
import resource, subprocess, sys
code = subprocess.call([sys.executable, "-P", "-m", "bot.film.studio", *sys.argv[1:]])
took = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1] + ".cost", "w") as cost:
    cost.write(f"{took.ru_utime + took.ru_stime} {took.ru_maxrss}")
sys.exit(code)
"""
FAILS = "raise SystemExit('out of paint')"


def library(folder: Path, bills: Bills | None = None, bounds: Bounds | None = None) -> Films:
    """Open a library whose films are drawn at once."""
    films = Films(folder, Keys(b"key", lambda: "token"), HandClock(), bills, bounds)
    films.orders = FilmOrders(films.orders._when_done, (sys.executable, "-c", WRITES))
    return films


def clock_of(films: Films) -> HandClock:
    clock = films._clock
    assert isinstance(clock, HandClock)
    return clock


def endings(folder: Path) -> list[str]:
    """Tell what kinds of files lie in a folder."""
    return sorted(path.suffix for path in folder.iterdir())


def measured(path: Path) -> tuple[float, float]:
    """Read two numbers that were written down beside a film."""
    first, second = Path(f"{path}.cost").read_text().split()
    return float(first), float(second)


async def drawn(films: Films, film: Film, language: str = "de") -> Path:
    """Have a film drawn."""
    assert films.prepare(film, language) is not Readiness.MISSING
    await films.orders.settle()
    path = films.file(film, language, "mp4")
    assert path is not None
    return path


async def test_the_studio_makes_a_film_that_browsers_play(tmp_path: Path) -> None:
    film, picture = tmp_path / "film.mp4", tmp_path / "film.jpg"
    orders = FilmOrders(lambda _: None, (sys.executable, "-P", "-c", MEASURED))

    assert orders.order(film, picture, BOARD, "de")
    await orders.settle()

    cpu_s, kib = measured(film)
    with av.open(str(film)) as container:
        [stream] = container.streams
        assert isinstance(stream, av.VideoStream)
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == (WIDTH, HEIGHT)
        assert container.duration == BOARD.duration_ms * 1000
        keys = [p.pts for p in container.demux(stream) if p.is_keyframe and p.pts is not None]
        scale = float(stream.time_base or 0) * 1000
    assert [round(at * scale) for at in keys] == [scene.from_ms for scene in BOARD.scenes]
    body = film.read_bytes()
    assert 0 < body.find(b"moov") < body.find(b"mdat")
    assert len(body) < 1_500_000
    assert picture.read_bytes().startswith(b"\xff\xd8\xff")
    assert cpu_s / (BOARD.duration_ms / 1000) <= 0.5
    assert kib / 1024 <= 300
    assert endings(tmp_path) == [".cost", ".jpg", ".mp4"]


def test_the_bot_never_loads_what_draws() -> None:
    asked = "import sys, bot.web.film, bot.film.viewings, bot.film.bills; print(*sys.modules)"

    loaded = subprocess.check_output([sys.executable, "-P", "-c", asked], text=True).split()  # noqa: S603

    assert "bot.film.films" in loaded
    assert not {"PIL", "av", "matplotlib", "numpy"} & set(loaded)


async def test_one_film_is_drawn_at_a_time_and_each_once(tmp_path: Path) -> None:
    done: list[Path] = []
    note = (
        "import pathlib, sys, time; log = open(sys.argv[1] + '.cost', 'w');"
        "log.write(f'{time.monotonic()} '); time.sleep(0.1); log.write(str(time.monotonic()))"
    )
    orders = FilmOrders(done.append, (sys.executable, "-c", note))

    for name in ("a", "b", "a", "c"):
        assert orders.order(tmp_path / name, tmp_path / "picture", BOARD, "de")
    await orders.settle()

    spans = [measured(path) for path in done]
    assert spans[0][1] <= spans[1][0]
    assert spans[1][1] <= spans[2][0]
    assert [path.name for path in done] == ["a", "b", "c"]


async def test_too_many_orders_are_refused(tmp_path: Path) -> None:
    orders = FilmOrders(lambda _: None, (sys.executable, "-c", "import time; time.sleep(60)"))

    taken = [
        orders.order(tmp_path / str(n), tmp_path / "picture", BOARD, "de")
        for n in range(MOST_WAITING + 2)
    ]
    await asyncio.sleep(0.05)
    await orders.close()

    assert taken == [True] * MOST_WAITING + [False] * 2


@pytest.mark.parametrize("command", [(sys.executable, "-c", FAILS), ("/nowhere/studio",)])
async def test_what_failed_is_not_tried_again_at_once(
    tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = FilmOrders(lambda _: None, command)
    path = tmp_path / "film"

    first = orders.order(path, tmp_path / "picture", BOARD, "de")
    await orders.settle()
    second = orders.order(path, tmp_path / "picture", BOARD, "de")
    monkeypatch.setattr("bot.film.orders._AGAIN_S", 0.0)
    later = orders.order(path, tmp_path / "picture", BOARD, "de")
    await orders.settle()

    assert (first, second, later) == (True, False, True)


async def test_who_has_a_bill_has_a_film_of_their_own(tmp_path: Path) -> None:
    films = library(tmp_path, with_bills())

    alices = await films.of(ALICE.number, TERMS)
    babaks = await films.of(BABAK.number, TERMS)

    assert not alices.is_general
    assert babaks == films.general(TERMS)
    assert await films.find(ALICE.number, TERMS, alices.id) == alices
    assert await films.find(ALICE.number, TERMS, babaks.id) == babaks
    assert await films.find(BABAK.number, TERMS, alices.id) is None


async def test_the_name_of_a_film_names_nobody(tmp_path: Path) -> None:
    films = library(tmp_path, with_bills())

    path = await drawn(films, await films.of(ALICE.number, TERMS))

    assert ALICE.number not in path.name


async def test_the_general_film_is_one_per_language_and_terms(tmp_path: Path) -> None:
    films = library(tmp_path)
    later = replace(TERMS, version="2")

    assert films.general(TERMS) == films.general(TERMS)
    assert films.general(TERMS).id != films.general(later).id
    paths = [await drawn(films, films.general(TERMS), language) for language in ("de", "en", "de")]
    assert len(set(paths)) == 2
    assert films.prepare(films.general(TERMS), "de") is Readiness.READY


async def test_a_bill_is_not_asked_for_at_every_request(tmp_path: Path) -> None:
    bills = with_bills()
    films = library(tmp_path, bills)

    for _ in range(5):
        await films.of(ALICE.number, TERMS)
    once = bills.asked
    clock_of(films).at += FRESH
    bills.of[ALICE.number] = PLAIN
    new = await films.of(ALICE.number, TERMS)

    assert once == 1
    assert new.board.invoice == PLAIN


async def test_a_film_stays_while_its_bill_cannot_be_read(tmp_path: Path) -> None:
    bills = with_bills()
    films = library(tmp_path, bills)
    before = await films.of(ALICE.number, TERMS)

    bills.of.clear()
    clock_of(films).at += FRESH

    assert await films.of(ALICE.number, TERMS) == before


@pytest.mark.parametrize("bounds", [Bounds(films=2), Bounds(bytes=12_000)])
async def test_what_was_not_watched_for_longest_goes_first(tmp_path: Path, bounds: Bounds) -> None:
    bills = Bills({str(n): replace(PLAIN, number=str(n)) for n in range(4)})
    films = library(tmp_path, bills, bounds)
    general = await drawn(films, films.general(TERMS))
    made = []
    for n in range(3):
        clock_of(films).at += timedelta(minutes=1)
        film = await films.of(str(n), TERMS)
        made.append(film)
        await drawn(films, film)
        films.file(made[0], "de", "mp4")  # the first one is watched all the time
        clock_of(films).at += timedelta(minutes=1)
        films.file(made[0], "de", "mp4")
    await drawn(films, await films.of("3", TERMS))

    kept = [films.file(film, "de", "mp4") is not None for film in made]
    assert kept == [True, False, False]
    assert general.exists()
    assert endings(tmp_path) == [".jpg"] * 3 + [".mp4"] * 3


async def test_a_customer_who_is_erased_leaves_no_film(tmp_path: Path) -> None:
    films = library(tmp_path, with_bills())
    path = await drawn(films, await films.of(ALICE.number, TERMS))

    films.forget(ALICE.number)

    assert not path.exists()
    assert endings(tmp_path) == []


async def test_a_personal_film_that_nobody_watches_is_gone_after_a_day(tmp_path: Path) -> None:
    """Of somebody who is erased on another node, who cannot reach this folder."""
    films = library(tmp_path, with_bills())
    general = await drawn(films, films.general(TERMS))
    personal = await drawn(films, await films.of(ALICE.number, TERMS))

    clock_of(films).at += timedelta(seconds=UNUSED_S)
    films.drop_unused()
    kept = personal.exists()
    clock_of(films).at += timedelta(seconds=1)
    films.drop_unused()

    assert kept
    assert not personal.exists()
    assert general.exists()
    assert endings(tmp_path) == [".jpg", ".mp4"]


def test_only_what_was_left_lying_is_cleared_away(tmp_path: Path) -> None:
    left, at_work = tmp_path / ".a.mp4.1", tmp_path / ".b.mp4.2"
    for draft, age_s in ((left, ABANDONED_S + 1), (at_work, 1)):
        draft.touch()
        began = HandClock()().timestamp() - age_s
        os.utime(draft, (began, began))

    library(tmp_path)

    assert list(tmp_path.iterdir()) == [at_work]
