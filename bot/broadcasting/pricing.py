"""What a sign costs: an emoji or the like can turn one segment of an SMS into three."""

import unicodedata

from bot.broadcasting.previewing import Preview
from flows.broadcast import BroadcastError
from flows.customer import Channel
from messages.segments import count, offenders

_TIMES = 2  # as many segments, for signs that are no letters


def check_price(preview: Preview) -> None:
    """Raise BroadcastError for a text that a few signs make far more expensive."""
    for rendering in preview.renderings:
        if rendering.channel is Channel.SMS:
            check_signs(rendering.language, rendering.text)


def check_signs(language: str, text: str) -> None:
    """Raise BroadcastError if the signs of an SMS, without its letters, multiply its price."""
    signs = [sign for sign in offenders(text) if unicodedata.category(sign)[0] not in "LM"]
    with_, without = count(text), count("".join(sign for sign in text if sign not in signs))
    if signs and with_.segments >= without.segments * _TIMES:
        raise BroadcastError(
            f"{language}: {' '.join(signs)} makes {with_.segments} SMS segments of"
            f" {without.segments}, and as much of the price; leave it out"
        )
