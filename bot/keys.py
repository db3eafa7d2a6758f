"""Keyed hashes and fresh tokens: what stays behind names nobody, and nobody can guess a link."""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from flows.customer import Address
from storage.rights import ERASED

_SEAL_BYTES = 8  # one for each customer, and nobody can try them out
TOKEN_BYTES = 16  # 128 bits: 22 characters of base64url


@dataclass(frozen=True, slots=True)
class Keys:
    """Everything that needs SECRET_KEY; `fresh` gives a new random token."""

    secret: bytes
    fresh: Callable[[], str]

    def of_address(self, address: Address) -> bytes:
        """Hash an address for the lists that outlive the customer."""
        return self._hash("address", address.uri)

    def pseudonym(self, customer: str) -> str:
        """Name somebody who is forgotten: always the same, and without the key nobody's."""
        return ERASED + self.alias(customer)

    def alias(self, customer: str) -> str:
        """Name a customer where nothing can be erased; only the key leads back to the number."""
        return self._hash("customer", customer).hex()

    def of_customer(self, customer: str) -> bytes:
        """Hash a customer number for the list of those who are not invited again."""
        return self._hash("number", customer)

    def of_link(self, token: str) -> bytes:
        """Hash a personal link's token; the token itself is kept nowhere."""
        return self._hash("link", token)

    def token_of(self, seed: str) -> str:
        """Give the token of a link whose seed is stored; only our key leads there."""
        return base64.urlsafe_b64encode(self._hash("token", seed)).decode().rstrip("=")

    def of_receipts(self) -> bytes:
        """Give the 32 bytes from which the key that signs receipts is made."""
        return self._hash("receipts", "1") + self._hash("receipts", "2")

    def of_end(self, chain: str, n: int, tail: bytes) -> bytes:
        """Seal the end of an audit chain: whoever cuts rows off cannot make the seal anew."""
        return self._hash(f"end of {chain}", f"{n}\x1f{tail.hex()}")[:_SEAL_BYTES]

    def seal(self, purpose: str, value: str) -> str:
        """Seal a value that somebody carries to us and back: nobody else can make the seal."""
        return self._hash(purpose, value).hex()

    def of_calls(self) -> bytes:
        """Give the key that names calls which have no id of their own."""
        return self._hash("calls", "")

    def share(self, salt: str, customer: str) -> float:
        """Place a customer in [0, 1), always the same for the same salt."""
        return int.from_bytes(self._hash(salt, customer)[:8], "big") / 2**64

    def _hash(self, purpose: str, value: str) -> bytes:
        return hmac.digest(self.secret, f"{purpose}\x1f{value}".encode(), "sha256")[:16]
