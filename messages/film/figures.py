"""Amounts and days as people of a language write them."""

from datetime import date, datetime

from babel.dates import format_date, format_interval
from babel.numbers import format_currency

from messages.film.texts import texts_of

_CENTS = 100


def money(cents: int, currency: str, language: str) -> str:
    """Write an amount: 24,99 € or €24.99."""
    sign, whole, rest = "-" if cents < 0 else "", abs(cents) // _CENTS, abs(cents) % _CENTS
    amount = format_currency(f"{sign}{whole}.{rest:02}", currency, locale=texts_of(language).locale)
    return amount.replace("\u200e", "")


def day(at: date, language: str) -> str:
    """Write a day: 17. November 2026."""
    return format_date(at, "long", locale=texts_of(language).locale)


def span(first: date, last: date, language: str) -> str:
    """Write a period: 1.–31. Oktober 2026."""
    begins, ends = (datetime(d.year, d.month, d.day) for d in (first, last))  # noqa: DTZ001  a day
    return format_interval(begins, ends, "yMMMMd", locale=texts_of(language).locale)
