"""What opens the customers' pages: links that can be revoked, and codes that are counted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage.changes import Enqueue, MintLink, PutCode, RevokeLinks
from storage.memory import Code, Key, Link
from storage.store import Store
from tests.cast import ALICE, BABAK, DAY, NOON
from tests.storage.keepers import add, change, recall

pytestmark = pytest.mark.anyio

CODE = Code(ALICE.number, b"keyed", NOON + timedelta(minutes=10), 0, 1, NOON)
PAGE, CHAT, BABAKS = b"page", b"chat", b"babaks"


async def test_revoked_links_lead_nowhere_and_others_stay(store: Store) -> None:
    await add(store, ALICE, BABAK)
    for name, who, purpose in (
        (PAGE, ALICE, "page"),
        (CHAT, ALICE, "telegram"),
        (BABAKS, BABAK, "page"),
    ):
        await change(store, MintLink(name, Link(who.number, purpose, NOON + DAY, None)))

    await change(store, RevokeLinks(ALICE.number, "page"))

    page, chat, babaks = [await recall(store, Key(link_hash=h)) for h in (PAGE, CHAT, BABAKS)]
    assert (page.link, page.customer) == (None, None)
    assert chat.customer is not None
    assert babaks.customer is not None


async def test_a_code_comes_back_as_it_was_and_only_where_it_is_asked_for(store: Store) -> None:
    await add(store, ALICE, BABAK)
    await change(store, PutCode(CODE))

    alice = await recall(store, Key(customer=ALICE.number, with_code=True))
    babak = await recall(store, Key(customer=BABAK.number, with_code=True))
    unasked = await recall(store, Key(customer=ALICE.number))

    assert (alice.code, babak.code, unasked.code) == (CODE, None, None)


async def test_a_later_code_replaces_the_earlier(store: Store) -> None:
    later = replace(CODE, hash=b"other", expires_at=NOON + DAY, tries=2, sent=2, since=NOON - DAY)
    await add(store, ALICE)
    await change(store, PutCode(CODE))

    await change(store, PutCode(later))

    memory = await recall(store, Key(customer=ALICE.number, with_code=True))
    assert memory.code == later


async def test_the_latest_messages_come_first_and_are_ones_own(store: Store) -> None:
    await add(store, ALICE, BABAK)
    for who, line in ((ALICE, "Invitation"), (ALICE, "Enrolled"), (BABAK, "Help")):
        body = f'{{"text":"{line}"}}'
        row = Enqueue("sms", 0, f"tel:{who.number}", line, body, NOON, NOON, who.number)
        await change(store, row)

    latest = await store.latest_messages(ALICE.number, 1)
    all_of_hers = await store.latest_messages(ALICE.number, 10)

    assert [message.line for message in latest] == ["Enrolled"]
    assert [message.line for message in all_of_hers] == ["Enrolled", "Invitation"]
