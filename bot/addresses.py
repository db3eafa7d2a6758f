"""Addresses as people write them: a phone number in any spelling, an e-mail, `telegram:ID`."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from flows.customer import Address

_HOME = "DE"  # the country of numbers written without one
_LONGEST_MAILBOX = 254  # RFC 5321 section 4.5.3.1.3
_MAILBOX = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@([a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}", re.ASCII
)
_REACHED_BY_SMS = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
_SPELLING = re.compile(r"(tel:)?[+0-9 ()/.\-\u00a0\u2011]{5,40}", re.ASCII)


class UnusableAddressError(ValueError):
    """What was written is no address; the message says what is expected."""


def phone(text: str) -> Address:
    """Read a mobile number (E.164, ITU-T; without a country code it is German).

    Raises UnusableAddressError for what is no number, and for one that takes no SMS.
    """
    spelling = text.strip()
    if not _SPELLING.fullmatch(spelling):
        raise UnusableAddressError("is no phone number")
    try:
        number = phonenumbers.parse(spelling, _HOME)
    except NumberParseException:
        raise UnusableAddressError("is no phone number") from None
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        raise UnusableAddressError("is no phone number in use")
    if kind not in _REACHED_BY_SMS:
        raise UnusableAddressError("is no mobile number")
    return Address(f"tel:{phonenumbers.format_number(number, PhoneNumberFormat.E164)}")


def mailbox(text: str) -> Address:
    """Read an e-mail address, in small letters. Raises UnusableAddressError for what is none."""
    spelling = text.strip().lower()
    if len(spelling) > _LONGEST_MAILBOX or not _MAILBOX.fullmatch(spelling):
        raise UnusableAddressError("is no e-mail address")
    return Address(f"mailto:{spelling}")


def address(text: str) -> Address:
    """Read an address of any channel. Raises UnusableAddressError for what is none."""
    scheme, _, rest = text.strip().partition(":")
    if scheme == "telegram" and rest.isascii() and rest.isdigit():
        return Address(f"telegram:{int(rest)}")
    return mailbox(text.strip().removeprefix("mailto:")) if "@" in text else phone(text)
