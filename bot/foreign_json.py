"""JSON from elsewhere, without the one character that PostgreSQL keeps in no text.

Whoever sends it would be refused for ever on the one database and heard on the other.
"""

import re

_ESCAPED = b"\\u0000"
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")  # not where the backslash is itself escaped


def without_nul(raw: bytes) -> bytes:
    """Leave out every NUL that a JSON text spells; everything else stays as it is."""
    if _ESCAPED not in raw:
        return raw
    return _NUL.sub(rb"\1", raw)
