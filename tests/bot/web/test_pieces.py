"""Which bytes a Range asks for (RFC 9110 section 14)."""

import pytest

from bot.web.pieces import span_of

RANGES = [
    ("bytes=0-99", (0, 100), "the first hundred"),
    ("bytes=900-", (900, 1000), "all from there on"),
    ("bytes=-100", (900, 1000), "the last hundred"),
    ("bytes=-5000", (0, 1000), "more from the end than there are"),
    ("bytes=990-5000", (990, 1000), "more than there are"),
    ("bytes=1000-", (1000, 1000), "beyond the end: there are none"),
    ("bytes=-0", (1000, 1000), "the last none"),
    ("bytes=5-2", None, "backwards: the whole"),
    ("bytes=0-1,5-6", None, "several: the whole"),
    ("bytes=-", None, "nothing: the whole"),
    ("bytes=a-b", None, "no numbers: the whole"),
    ("bytes=-1-5", None, "a negative begin: the whole"),
    ("lines=0-1", None, "another unit: the whole"),
    ("bytes=0-" + "9" * 400, None, "no length of any file: the whole"),
    ("", None, "no range: the whole"),
]


@pytest.mark.parametrize(("asked", "span", "why"), RANGES)
def test_which_bytes_are_asked_for(asked: str, span: tuple[int, int] | None, why: str) -> None:
    assert span_of(asked, 1000) == span, why
