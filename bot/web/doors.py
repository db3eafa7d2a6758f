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
        self._answer = self.before(super().__call__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._answer(scope, receive, send)

    def before(self, rest: ASGIApp) -> ASGIApp:
        """Put the doors before whatever answers the rest."""
        doors = self._doors

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            is_post = scope["type"] == "http" and scope["method"] == "POST"
            opens = doors.get(scope["path"], rest) if is_post else rest
            await opens(scope, receive, send)

        return answer
