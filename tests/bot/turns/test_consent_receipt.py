"""The receipt of a consent fits its signature, and no altered one does (N24)."""

import hashlib

import pytest

from bot.keys import Keys
from bot.turns.consent_receipt import Receipts, UnfitReceiptError, check_receipt
from flows.customer import Channel, Consent
from tests.cast import ALICE, NOON

WORDS = "Mit JA dürfen wir prüfen …\n\n--- signature (Ed25519) ---\nso heißt auch das Ende\n"
RECEIPTS = Receipts(Keys(b"key", lambda: "token"))
HASH = hashlib.sha256(WORDS.encode()).hexdigest()
CONSENT = Consent(NOON, "2027-01", HASH, "page:f1", Channel.PAGE, "de")


def receipt() -> str:
    return RECEIPTS.write(ALICE.number, "Nordlicht Mobil", CONSENT, WORDS)


def test_a_receipt_fits_and_tells_who_when_what_and_how() -> None:
    text = receipt()

    check_receipt(text, RECEIPTS.public_key)

    for fact in (ALICE.number, "2026-12-01T11:00:00+00:00", "2027-01", "page:f1", HASH, WORDS):
        assert fact in text


def test_no_altered_character_passes() -> None:
    text = receipt()
    for place, character in enumerate(text):
        other = "x" if character != "x" else "y"
        for altered in (text[:place] + other + text[place + 1 :], text[:place] + text[place + 1 :]):
            with pytest.raises(UnfitReceiptError):
                check_receipt(altered, RECEIPTS.public_key)


def test_a_receipt_that_somebody_else_signed_does_not_pass() -> None:
    forged = Receipts(Keys(b"other", lambda: "token"))

    with pytest.raises(UnfitReceiptError, match="another key"):
        check_receipt(
            forged.write(ALICE.number, "Nordlicht Mobil", CONSENT, WORDS), RECEIPTS.public_key
        )


@pytest.mark.parametrize("text", ["", "hello", receipt() + "\n", receipt() + "x", receipt() * 2])
def test_what_is_no_receipt_does_not_pass(text: str) -> None:
    with pytest.raises(UnfitReceiptError):
        check_receipt(text, RECEIPTS.public_key)
