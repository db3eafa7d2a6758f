"""Reads the answers of HTTP requests: at once what has come whole, as short answers do."""

from collections.abc import Awaitable

from aiohttp import ClientResponse


async def whole(asked: Awaitable[ClientResponse]) -> tuple[ClientResponse, bytes]:
    """Wait for an answer and all of its body; raises aiohttp's errors.

    (Its own `read`, in its own context, takes four coroutines more, a thirtieth of a send.)
    """
    answer = await asked
    try:
        content = answer.content
        return answer, content.read_nowait() if content.is_eof() else await answer.read()
    finally:
        answer.release()
