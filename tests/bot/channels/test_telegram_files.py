"""What people attach arrives as bytes, or with a reason."""

from collections.abc import AsyncIterator

import pytest

from bot.channels.channel import (
    Attachment,
    FileTooLargeError,
    FileUnavailableError,
    Inbound,
)
from bot.channels.telegram_files import LARGEST, TelegramFiles
from bot.channels.telegram_request import TelegramConnection
from bot.channels.telegram_updates import read_update
from tests.bot.channels.telegram_stage import HandSetClock
from tests.cast import NOON
from tests.fakes.telegram import FakeTelegram

pytestmark = pytest.mark.anyio

MONA = 700001
CUSTOMERS = b"customer;phone;basis\n1;+4915100000001;consent\n" + bytes(range(256))


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    fake = FakeTelegram(HandSetClock())
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def files(fake: FakeTelegram) -> AsyncIterator[TelegramFiles]:
    connection = TelegramConnection(fake.token, fake.url)
    yield TelegramFiles(connection)
    await connection.close()


def attached(fake: FakeTelegram) -> Attachment:
    """Read the attachment of the update that came last."""
    inbound = read_update(fake.queue.newest, NOON)
    assert isinstance(inbound, Inbound)
    assert inbound.attachment is not None
    return inbound.attachment


async def test_a_document_arrives_byte_for_byte(fake: FakeTelegram, files: TelegramFiles) -> None:
    fake.attach(MONA, "customers.csv", CUSTOMERS)
    attachment = attached(fake)

    assert (attachment.name, attachment.size) == ("customers.csv", len(CUSTOMERS))
    assert await files.read(attachment) == CUSTOMERS


async def test_a_document_above_the_limit_is_not_even_asked_for(
    fake: FakeTelegram, files: TelegramFiles
) -> None:
    fake.attach(MONA, "customers.csv", b"", size=LARGEST + 1)

    with pytest.raises(FileTooLargeError):
        await files.read(attached(fake))
    assert fake.calls == []


async def test_telegrams_own_word_that_it_is_too_large_counts(
    fake: FakeTelegram, files: TelegramFiles
) -> None:
    ref = fake.files.keep(b"", size=LARGEST + 1)

    with pytest.raises(FileTooLargeError):
        await files.read(Attachment(ref, "customers.csv"))


@pytest.mark.parametrize("is_gone", [True, False])
async def test_a_document_that_cannot_be_fetched_is_unavailable(
    fake: FakeTelegram, files: TelegramFiles, *, is_gone: bool
) -> None:
    fake.attach(MONA, "customers.csv", CUSTOMERS)
    attachment = attached(fake)
    if is_gone:
        fake.files.contents.clear()
    else:
        await fake.stop()

    with pytest.raises(FileUnavailableError):
        await files.read(attachment)
