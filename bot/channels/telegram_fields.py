"""The fields of an update that we route by; everything else in it is passed over."""

import msgspec


class Chat(msgspec.Struct):
    """Where something was written."""

    id: int
    type: str = ""
    is_forum: bool = False


class User(msgspec.Struct):
    """Who wrote or tapped."""

    id: int
    is_bot: bool = False
    language_code: str | None = None
    first_name: str = ""


class Replied(msgspec.Struct):
    """The message that is replied to."""

    sender: User | None = msgspec.field(default=None, name="from")
    text: str = ""


class SharedContact(msgspec.Struct):
    """A contact card."""

    phone_number: str
    user_id: int | None = None


class SentDocument(msgspec.Struct):
    """A file."""

    file_id: str
    file_name: str = ""
    file_size: int | None = None


class SentMessage(msgspec.Struct):
    """A message."""

    message_id: int
    date: int
    chat: Chat
    sender: User | None = msgspec.field(default=None, name="from")
    text: str | None = None
    caption: str | None = None
    contact: SharedContact | None = None
    forward_origin: msgspec.Raw = msgspec.Raw()
    message_thread_id: int | None = None
    via_bot: msgspec.Raw = msgspec.Raw()
    reply_to_message: msgspec.Raw = msgspec.Raw()
    sticker: msgspec.Raw = msgspec.Raw()
    voice: msgspec.Raw = msgspec.Raw()
    video_note: msgspec.Raw = msgspec.Raw()
    audio: msgspec.Raw = msgspec.Raw()
    photo: msgspec.Raw = msgspec.Raw()
    video: msgspec.Raw = msgspec.Raw()
    animation: msgspec.Raw = msgspec.Raw()
    document: msgspec.Raw = msgspec.Raw()
    location: msgspec.Raw = msgspec.Raw()
    dice: msgspec.Raw = msgspec.Raw()
    poll: msgspec.Raw = msgspec.Raw()

    @property
    def is_shown(self) -> bool:
        """Tell whether a person sent something to be seen, which deserves an answer."""
        shown = (self.sticker, self.voice, self.video_note, self.audio, self.photo, self.video)
        more = (self.animation, self.document, self.location, self.dice, self.poll)
        return self.contact is not None or any(map(bytes, shown)) or any(map(bytes, more))


class Tap(msgspec.Struct):
    """A tap on a button."""

    id: str
    sender: User = msgspec.field(name="from")
    message: SentMessage | None = None
    data: str | None = None


class Membership(msgspec.Struct):
    """What somebody is in a chat."""

    status: str


class MemberChange(msgspec.Struct):
    """A change of what we are in a chat."""

    chat: Chat
    date: int
    new_chat_member: Membership


class Update(msgspec.Struct):
    """One update."""

    update_id: int
    message: SentMessage | None = None
    callback_query: Tap | None = None
    my_chat_member: MemberChange | None = None
