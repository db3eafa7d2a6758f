"""The files that the fake Bot API holds: what people attach, and what the bot uploads."""

from dataclasses import dataclass, field

from aiohttp import web

from tests.fakes.telegram_rules import Answer, Fields, refusal, succeed

LARGEST = 20 << 20  # bytes that the Bot API hands out


@dataclass(slots=True)
class FakeFiles:
    """Files by their ids; `claimed` sizes may differ from what lies there."""

    contents: dict[str, bytes] = field(default_factory=dict)
    claimed: dict[str, int] = field(default_factory=dict)
    uploads: list[bytes] = field(default_factory=list)

    def keep(self, content: bytes, size: int | None = None) -> str:
        """Keep a file; gives its id."""
        name = f"F{len(self.contents) + 1}"
        self.contents[name] = content
        self.claimed[name] = len(content) if size is None else size
        return name

    def taken_in(self, given: object) -> str | None:
        """Take a photo or document in: new bytes, or the id of one that is known."""
        if isinstance(given, dict):
            content = given["content"]
            assert isinstance(content, bytes)
            self.uploads.append(content)
            return self.keep(content)
        return str(given) if str(given) in self.contents else None

    def describe(self, file_id: str) -> Answer:
        """Answer getFile."""
        if file_id not in self.contents:
            return refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if self.claimed[file_id] > LARGEST:
            return refusal(400, "Bad Request: file is too big")
        told: Fields = {"file_id": file_id, "file_unique_id": f"U{file_id}"}
        place: Fields = {"file_size": self.claimed[file_id], "file_path": f"documents/{file_id}"}
        return succeed(told | place)

    async def hand_out(self, request: web.Request) -> web.Response:
        """Serve the bytes."""
        content = self.contents.get(request.match_info["file"])
        return web.Response(status=404) if content is None else web.Response(body=content)
