"""The receipt of a consent: a text that can be kept, signed so that anybody can check it.

It holds who consented, when, to which exact words, and by which message; below stand the key and
an Ed25519 signature over every byte above them. Whoever knows the operator's key can check it
without us and without a network; if a single character is altered, it no longer fits.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC

from bot.keys import Keys
from flows.customer import Consent

_WORDS, _SIGNED = "\n--- the words ---\n", "\n--- signature (Ed25519) ---\n"


class UnfitReceiptError(Exception):
    """The receipt does not fit its signature; the message says why."""


@dataclass(frozen=True, slots=True)
class Receipts:
    """Signs receipts, and checks them; the key follows from SECRET_KEY."""

    keys: Keys

    @property
    def public_key(self) -> str:
        """Give the key by which anybody can check, as base64."""
        # Ten MB and 15 ms, which only those pay who sign or check.
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PrivateKey,
        )

        private = Ed25519PrivateKey.from_private_bytes(self.keys.of_receipts())
        return base64.b64encode(private.public_key().public_bytes_raw()).decode()

    def write(self, customer: str, brand: str, consent: Consent, text: str) -> str:
        """Write the receipt of a consent to these words."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PrivateKey,
        )

        facts = (
            ("receipt of a consent given to", " ".join(brand.split())),
            ("customer", customer),
            ("at", consent.at.astimezone(UTC).isoformat()),
            ("terms", consent.version),
            ("by", consent.channel.value),
            ("message", consent.message_id),
            ("language", consent.language),
            ("sha-256 of the words", consent.text_hash),
        )
        body = "\n".join(f"{name}: {value}" for name, value in facts) + _WORDS + text
        private = Ed25519PrivateKey.from_private_bytes(self.keys.of_receipts())
        signature = base64.b64encode(private.sign(body.encode())).decode()
        return f"{body}{_SIGNED}{self.public_key}\n{signature}\n"


def check_receipt(receipt: str, public_key: str) -> None:
    """Check a receipt against the key of the operator; raises UnfitReceiptError."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    body, marked, below = receipt.rpartition(_SIGNED)
    lines = below.split("\n")
    if not marked or len(lines) != len(("key", "signature", "end")) or lines[2]:
        raise UnfitReceiptError("this is no receipt: key and signature are missing at its end")
    if not hmac.compare_digest(lines[0].encode(), public_key.encode()):
        raise UnfitReceiptError("it was signed by another key")
    try:
        key = Ed25519PublicKey.from_public_bytes(_decoded(lines[0]))
        key.verify(_decoded(lines[1]), body.encode())
    except InvalidSignature:
        raise UnfitReceiptError("it was altered: the signature does not fit") from None
    head, _, text = body.partition(_WORDS)
    if f"\nsha-256 of the words: {hashlib.sha256(text.encode()).hexdigest()}" not in head:
        raise UnfitReceiptError("the words are not those that were consented to")


def _decoded(text: str) -> bytes:
    """Read base64 in its one spelling, so that no other spelling of a signature fits either."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise UnfitReceiptError("it was altered: the signature cannot be read") from None
    if base64.b64encode(raw).decode() != text:
        raise UnfitReceiptError("it was altered: the signature is spelt otherwise")
    return raw
