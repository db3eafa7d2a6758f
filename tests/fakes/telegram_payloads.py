"""How Telegram writes people, messages, taps and changes of membership."""

from datetime import datetime

from tests.fakes.telegram_rules import Fields

BOT: Fields = {"id": 4711, "is_bot": True, "first_name": "Statt Hotline"}
FORWARDED: Fields = {"forward_origin": {"type": "hidden_user", "sender_user_name": "Somebody"}}
NO_WEBHOOK: Fields = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}


def private_chat(chat: int) -> Fields:
    """Write a chat with one person."""
    return {"id": chat, "type": "private", "first_name": "Somebody"}


def person(chat: int, language: str) -> Fields:
    """Write the person of a private chat."""
    return {"id": chat, "is_bot": False, "first_name": "Somebody", "language_code": language}


def message(chat: int, number: int, at: datetime, language: str) -> Fields:
    """Write the frame of a message that a person wrote."""
    sender = person(chat, language)
    written_at = int(at.timestamp())
    return {"message_id": number, "date": written_at, "chat": private_chat(chat), "from": sender}


def shown(chat: int, number: int, at: datetime, text: str) -> Fields:
    """Write a message of the bot."""
    return message(chat, number, at, "de") | {"from": BOT, "text": text}


def contact(phone: str, owner: int) -> Fields:
    """Write a shared contact."""
    return {"contact": {"phone_number": phone, "first_name": "Somebody", "user_id": owner}}


def tapped(tap: str, chat: int, data: str, below: Fields) -> Fields:
    """Write a tap on a button below a message."""
    query = {"id": tap, "from": person(chat, "de"), "chat_instance": "1", "data": data}
    return {"callback_query": query | {"message": below}}


def membership(chat: int, status: str, at: datetime) -> Fields:
    """Write that a person blocked the bot (`kicked`) or took it back (`member`)."""
    change = {
        "chat": private_chat(chat),
        "from": person(chat, "de"),
        "date": int(at.timestamp()),
        "old_chat_member": {"user": BOT, "status": "member"},
        "new_chat_member": {"user": BOT, "status": status, "until_date": 0},
    }
    return {"my_chat_member": change}
