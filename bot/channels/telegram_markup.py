"""The buttons below a message, as Telegram wants them."""

from bot.channels.channel import Choice, Message
from bot.channels.telegram_callbacks import callback_of
from bot.channels.telegram_request import Json

_SHORT_LABEL = 18  # of two buttons side by side on a narrow phone
_CONTACT_LABEL = "📱"


def markup_of(message: Message) -> Json:
    """Give the buttons of a message, two in a row where they are short; None if it has none."""
    if message.asks_contact:
        return _contact_keyboard(message)
    if message.takes_keyboard:
        return {"remove_keyboard": True}
    rows: list[Json] = []
    waiting: list[Json] = []
    for choice in message.choices:
        button = _button(choice)
        if button is None:
            continue
        if choice.url is not None or len(choice.label) > _SHORT_LABEL:
            rows += [waiting] if waiting else []
            rows, waiting = [*rows, [button]], []
        elif waiting:
            rows, waiting = [*rows, [*waiting, button]], []
        else:
            waiting = [button]
    rows += [waiting] if waiting else []
    return {"inline_keyboard": rows} if rows else None


def _button(choice: Choice) -> Json:
    if choice.url is not None:
        return {"text": choice.label, "url": choice.url}
    meant = callback_of(choice)
    return {"text": choice.label, "callback_data": meant} if meant is not None else None


def _contact_keyboard(message: Message) -> Json:
    """Ask for the phone number; the choice without a meaning of its own gives the label."""
    bare = (c.label for c in message.choices if c.intent is None and c.url is None)
    button: Json = {"text": next(bare, _CONTACT_LABEL), "request_contact": True}
    return {"keyboard": [[button]], "resize_keyboard": True, "one_time_keyboard": True}
