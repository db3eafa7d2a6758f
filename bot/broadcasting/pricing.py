"""What a sign costs: an emoji or the like can turn one segment of an SMS into three."""

import unicodedata

from bot.broadcasting.previewing import Preview, Rendering
from flows.broadcast import BroadcastError
from flows.customer import Channel
from messages.segments import count, offenders

_TIMES = 2  # as many segments, for signs that are no letters


def check_price(preview: Preview) -> None:
    """Raise BroadcastError for a text that a few signs make far more expensive."""
    for rendering in preview.renderings:
        if rendering.channel is Channel.SMS:
            _check(rendering)


def _check(rendering: Rendering) -> None:
    signs = [
        sign for sign in offenders(rendering.text) if unicodedata.category(sign)[0] not in "LM"
    ]
    without = count("".join(sign for sign in rendering.text if sign not in signs)).segments
    if not signs or without * _TIMES > rendering.segments:
        return
    raise BroadcastError(
        f"{rendering.language}: {' '.join(signs)} makes {rendering.segments} SMS segments of"
        f" {without}, and as much of its price; leave it out"
    )
