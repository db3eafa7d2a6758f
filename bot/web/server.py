"""The web server within our own loop: it serves until it is told to stop, and then drains."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.metrics import Metrics
from bot.pulse import Pulse
from bot.web.doors import House
from storage.errors import StorageError
from storage.store import Store

GRACE_S = 5


class PortTakenError(Exception):
    """The address cannot be listened on; something else may be running there."""


class _Server(uvicorn.Server):
    """A server that leaves the signals to us."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


def application(
    routes: Sequence[BaseRoute], store: Store, metrics: Metrics, pulse: Pulse | None = None
) -> Starlette:
    """Put the routes together with those for operations.

    A silent worker is named by `/health/ready`, but takes no web node out of service.
    """

    async def live(_: Request) -> Response:
        return PlainTextResponse("live\n")

    async def ready(_: Request) -> Response:
        try:
            await store.get("terms")
        except StorageError:
            return PlainTextResponse("the database does not answer\n", status_code=503)
        silent = pulse.silent() if pulse else {}
        words = [f"{worker} has been silent for {age:.0f} s\n" for worker, age in silent.items()]
        return PlainTextResponse("".join(("ready\n", *words)))

    async def figures(_: Request) -> Response:
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    operations = [
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/metrics", figures),
    ]
    return House([*routes, *operations])


async def serve(app: Starlette, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then let open requests end. Raises PortTakenError."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    config.load()
    if isinstance(app, House):  # doors need nothing of what uvicorn puts before an application
        config.loaded_app = app.before(config.loaded_app)
    server = _Server(config)
    serving = asyncio.create_task(_served(server))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not server.started and serving.done():
            raise PortTakenError(
                f"{host}:{port} cannot be listened on; is something running there?"
            )
    finally:
        server.should_exit = True
        stop.set()
        stopping.cancel()
    await serving


async def _served(server: _Server) -> None:
    try:
        await server.serve()
    except SystemExit:
        # uvicorn exits the process where it cannot listen; ours says so in one line instead.
        return
