"""Doors: what is called so often that it is answered before any framework looks at it."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send


class Door(Route):
    """A path that is posted to; its app answers by itself, in any application."""

    def __init__(self, path: str, opens: ASGIApp) -> None:
        super().__init__(path, opens, methods=["POST"])
        self.opens = opens


class House(Starlette):
    """An application with doors, which nothing stands before; all else goes the usual way."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        super().__init__(routes=list(routes))
        self._doors = {route.path: route.opens for route in routes if isinstance(route, Door)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        door = self._doors.get(scope["path"]) if scope["type"] == "http" else None
        if door is None or scope["method"] != "POST":
            await super().__call__(scope, receive, send)
            return
        await door(scope, receive, send)
