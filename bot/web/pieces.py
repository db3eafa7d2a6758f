"""Pieces of a file (RFC 9110 section 14): the range that is asked for, in chunks, out of memory."""

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.film.reels import Reel

CHUNK = 64 * 1024  # bytes; a slow phone holds no more of them back than the server's buffer
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


class _Piece(Response):
    """A part of a reel, which other requests may come between."""

    def __init__(
        self, part: memoryview, status: int, headers: Mapping[str, str], media_type: str
    ) -> None:
        length = {"Content-Length": str(len(part))}
        super().__init__(None, status, {**headers, **length}, media_type)
        self._part = part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send head and chunks; a slow reader is waited for by the server."""
        del receive
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        part = self._part if scope["method"] != "HEAD" else self._part[:0]
        for begins in range(0, len(part), CHUNK):
            chunk = bytes(part[begins : begins + CHUNK])
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body"})


def piece_of(reel: Reel, request: Request, headers: Mapping[str, str], media_type: str) -> Response:
    """Give a file, the range of it that is asked for, or word that the asker has it already."""
    size, etag = len(reel.content), reel.etag
    told = {**headers, "ETag": etag, "Accept-Ranges": "bytes"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=told)
    is_same = request.headers.get("if-range", etag) == etag
    span = span_of(request.headers.get("range", ""), size) if is_same else None
    if span is None:
        return _Piece(memoryview(reel.content), 200, told, media_type)
    begins, ends = span
    if begins >= ends:
        return Response(status_code=416, headers={**told, "Content-Range": f"bytes */{size}"})
    told["Content-Range"] = f"bytes {begins}-{ends - 1}/{size}"
    return _Piece(memoryview(reel.content)[begins:ends], 206, told, media_type)


def span_of(asked: str, size: int) -> tuple[int, int] | None:
    """Read which bytes are asked for; an empty span if there are none, None for the whole file.

    What is no single range is answered by the whole file, as RFC 9110 section 14.2 allows.
    """
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        return max(size - int(found[2]), 0), size
    begins, ends = int(found[1]), int(found[2]) + 1 if found[2] else size
    is_backwards = bool(found[2]) and ends <= begins
    return None if is_backwards else (begins, min(ends, size))
