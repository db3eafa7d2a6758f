"""Export and erasure: all that is held is handed out, and nothing is left that names anybody."""

import csv
import io
import json
import random
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.carrier.book import Move
from bot.credits.audit import verify
from bot.credits.ledger import check
from bot.credits.proofs import prove
from bot.rights.data_rights import Act
from bot.rights.scrubber import AFTER, Scrubber
from flows.credit import CreditState
from flows.customer import Address, Contact, Customer
from flows.events import AppInstalled, HotlineCalled, PortalRegistered
from flows.journey import Stage
from tests.bot.small_house import SmallHouse, small_house, words_of
from tests.bot.sms_premises import sms_premises
from tests.cast import ALICE, BABAK, BABAKS_TELEGRAM, DAY

pytestmark = pytest.mark.anyio

MAIL = "mailto:alice.lindqvist@example.org"
BOTH = Contact(ALICE.contacts[0].address), Contact(BABAKS_TELEGRAM)
FULL = replace(
    ALICE,
    contacts=BOTH,
    attributes=(("name", "Alice Lindqvist"), ("area", "10115")),
    bucket="B-4917139",
    account="A-778899",
)
NAMES = ("100001", "1713920011", "700002", "Lindqvist", "B-4917139", "A-778899")


async def live(house: SmallHouse, customer: Customer = FULL) -> None:
    """Let somebody take part, be credited, call, ask for a person, and have a report waiting."""
    await house.join(customer)
    await house.do_all_steps(customer.number)
    for step in ("registration", "video"):
        await book(house, step, customer.number)
    house.clock.at += DAY
    called = HotlineCalled(at=house.now, call_id="C-1", duration_s=60, reason="bill")
    await house.report(called, customer.number)
    await house.hear("HUMAN", customer.contacts[0].address)
    ahead = AppInstalled(at=house.now + DAY)
    await house.report(ahead, customer.number)


async def book(house: SmallHouse, step: str, customer: str) -> None:
    for to in (CreditState.REQUESTED, CreditState.ACCEPTED, CreditState.CONFIRMED):
        seen = await house.credit(step, customer)
        move = Move(seen=seen, to=to, at=house.now, provider_id=f"T-{step}")
        assert await house.premises.credits.move(move)


def found(folder: Path, *names: str) -> list[tuple[str, str]]:
    """Search every byte of every file for these names, as text and in UTF-16."""
    return [
        (path.name, name)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for name in names
        for as_bytes in (name.encode(), name.encode("utf-16-le"))
        if as_bytes in path.read_bytes()
    ]


async def test_an_export_holds_everything_in_json_and_in_tables(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await live(house)

        export = await house.premises.rights.export(ALICE.number)

        assert export is not None
        whole = json.loads(export.as_json())
        assert whole["customer"][0]["attributes"] == {"name": "Alice Lindqvist", "area": "10115"}
        assert {credit["step"]: credit["state"] for credit in whole["credits"]} == {
            "registration": "confirmed",
            "video": "confirmed",
            "app": "earned",
        }
        assert "C-1" in str(whole["events"])
        kept = whole["consent_texts"][0]
        assert kept["version"] == house.premises.terms.current.version
        assert kept["text"] in {words_of(row) for row in await house.messages()}
        with zipfile.ZipFile(io.BytesIO(export.as_zip())) as archive:
            assert json.loads(archive.read("data.json")) == whole
            table = archive.read("messages.csv").decode("utf-8-sig")
            rows = list(csv.DictReader(io.StringIO(table)))
        assert [row["line"] for row in rows] == [message["line"] for message in whole["messages"]]


async def test_an_export_of_nobody_is_none(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        assert await house.premises.rights.export("4711") is None
        assert not await house.premises.rights.erase("4711", "manager")


async def test_after_an_erasure_no_byte_names_anybody(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await live(house, replace(BABAK, contacts=BABAK.contacts))
        await live(house)
        assert {name for _, name in found(tmp_path, *NAMES)} == set(NAMES)

        assert await house.premises.rights.erase(ALICE.number, "manager", Act("9001", "she asked"))

        assert found(tmp_path, *NAMES) == []  # while it runs: the log of the database as well
        assert found(tmp_path, "1713920012") != []
        await house.check(BABAK.number)
    assert found(tmp_path, *NAMES) == []


async def test_what_stays_adds_up_and_holds_together(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await live(house)
        credit = await house.credit("video")

        await house.premises.rights.erase(ALICE.number, "manager", Act("9001", "she asked"))

        pseudonym = house.premises.keys.pseudonym(ALICE.number)
        assert (await verify(house.store, house.premises.keys)).ok
        checked = await check(house.store, house.premises.terms)
        assert checked.faults == ()
        assert checked.accounts["delivered"] == 1200
        assert checked.accounts["liability"] == 0
        await house.check(pseudonym)
        left = await house.journey(pseudonym)
        assert (left.stage, left.calls, left.reached) == (Stage.ENDED, (), ())
        assert left.consent is not None
        states = {c.step: c.state for c in (await house.dossier(pseudonym)).memory.credits}
        assert states["app"] is CreditState.VOIDED
        proof = await prove(house.store, house.premises.terms, credit.id)
        assert proof is not None
        assert proof.faults == []
        assert [link.kind for link in proof.chain][:3] == ["event", "terms", "consent"]


async def test_a_credit_in_the_air_is_booked_to_the_pseudonym(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await house.join(FULL)
        await house.report(PortalRegistered(at=house.now))
        seen = await house.credit("registration")
        await house.premises.credits.move(
            Move(seen=seen, to=CreditState.REQUESTED, at=house.now, provider_id="T-1")
        )

        await house.premises.rights.erase(ALICE.number, "manager")
        pseudonym = house.premises.keys.pseudonym(ALICE.number)
        seen = await house.credit("registration", pseudonym)
        await house.premises.credits.move(
            Move(seen=seen, to=CreditState.CONFIRMED, at=house.now, provider_id="T-1")
        )

        assert (await check(house.store, house.premises.terms)).faults == ()
        assert (await house.credit("registration", pseudonym)).state is CreditState.CONFIRMED
        await house.check(pseudonym)
        assert [row.line for row in await house.messages(pseudonym)] == []


async def test_erasing_in_the_chat_takes_two_words_and_leaves_one_last_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with sms_premises(tmp_path) as house:
        scrubber = Scrubber(house.store, house.premises.house, house.premises.clock)
        await live(house, replace(ALICE, attributes=FULL.attributes))
        await house.work()
        assert await scrubber.tick() is None

        await house.write("DELETE")
        await house.work()
        asked = house.texts()[-1]
        await house.write("DELETE")
        assert await scrubber.tick() == house.now + AFTER[0]
        await house.work(timedelta(minutes=1))
        last = house.texts()[-1]
        await house.write("hello?")
        await house.work(timedelta(days=40))
        await scrubber.tick()

        assert "Shall we delete your data?" in asked
        assert "2.4 GB" in asked  # what is lost by it is named
        assert "our last message" in last
        assert house.texts()[-1] == last
        assert found(tmp_path, *NAMES) == []
        told = "".join(capsys.readouterr())
        assert [name for name in NAMES if name in told] == []


async def test_whoever_was_erased_is_not_written_to_again_and_not_invited_anew(
    tmp_path: Path,
) -> None:
    async with small_house(tmp_path) as house:
        await live(house)
        await house.premises.rights.erase(ALICE.number, "manager")

        same = await house.invite(FULL)
        moved = replace(ALICE, contacts=(Contact(BABAK.contacts[0].address),))
        await house.premises.rights.erase(ALICE.number, "manager")
        again = await house.invite(moved)

        assert (same, again) == ("not_invited", "not_invited")


async def test_a_manager_who_erases_somebody_stays_in_the_chain_of_acts(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await live(house)

        await house.premises.rights.erase(ALICE.number, "manager", Act("9001 by root", "she asked"))

        pseudonym = house.premises.keys.pseudonym(ALICE.number)
        acts = house.rows("select actor, act, about from audit")
        assert acts == [("9001 by root", "erase", f"{pseudonym}: she asked")]


async def test_a_report_that_comes_after_an_erasure_is_about_nobody(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        await live(house)
        await house.premises.rights.erase(ALICE.number, "manager")
        house.clock.at += timedelta(days=2)

        taken = await house.report(PortalRegistered(at=house.now))

        assert taken.result.value == "unknown_customer"
        assert found(tmp_path, *NAMES) == []


async def test_in_a_crowded_file_no_page_keeps_what_was_moved(tmp_path: Path) -> None:
    async with small_house(tmp_path) as house:
        crowd = [
            replace(
                ALICE, number=f"6{n * 37:06}", contacts=(Contact(Address(f"tel:+4917139{n:05}")),)
            )
            for n in range(150)
        ]
        chance = random.Random(1)  # noqa: S311 - a seed makes it happen again
        chance.shuffle(crowd)
        for who in crowd:
            await house.invite(who)
        for _ in range(300):
            await house.hear(
                chance.choice(("JOIN", "STATUS")), chance.choice(crowd).contacts[0].address
            )

        gone = crowd[:20]
        for who in gone:
            await house.premises.rights.erase(who.number, "page")

        names = [name for who in gone for name in (who.number, who.contacts[0].address.value[1:])]
        assert found(tmp_path, *names) == []
