"""The manner of writing: dates, volumes and emphasis as one language and one channel have them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from jinja2 import Environment
from markupsafe import Markup

from flows.customer import Channel

_GIGABYTE = 1000  # decimal, as operators count
_DONE, _TO_DO = "▰", "▱"
_Style = Literal["medium", "long"]


@dataclass(frozen=True, slots=True)
class Manner:
    """How facts are written; each public method but `teach` is a filter of the wording."""

    locale: Locale
    zone: ZoneInfo
    channel: Channel

    def teach(self, environment: Environment) -> None:
        """Make the manner known to the macros of an environment."""
        written = (
            *(self.day, self.moment, self.hour, self.volume, self.money),
            *(self.bold, self.link, self.bar, self.lines),
        )
        environment.filters.update({write.__name__: write for write in written})

    def day(self, at: datetime) -> str:
        """Write a day of the campaign's zone: "30. April 2027", by SMS "30.04.2027"."""
        style: _Style = "medium" if self.channel is Channel.SMS else "long"
        return _date(at.astimezone(self.zone).date(), style, self.locale)

    def moment(self, at: datetime) -> str:
        """Write a day and its time, to the minute: "30. April 2027, 14:05"."""
        return f"{self.day(at)}, {format_time(at, 'short', self.zone, self.locale)}"

    def hour(self, at: datetime) -> str:
        """Write a time of day: "14:05"."""
        return format_time(at, "short", self.zone, self.locale)

    def money(self, cents: int, currency: str) -> str:
        """Write an amount: "24,99 EUR"; the sign of a currency counts double in an SMS."""
        return f"{_decimal(Decimal(cents) / 100, '#,##0.00', self.locale)} {currency}"

    def lines(self, text: str) -> str:
        """Keep the breaks of what a person wrote."""
        return " ¶ ".join(line for line in text.splitlines() if line.strip())

    def volume(self, megabytes: int) -> str:
        """Write a volume exactly, in GB from 1000 MB on: "600 MB", "1,8 GB"."""
        if megabytes < _GIGABYTE:
            return f"{megabytes} MB"
        return f"{_decimal(Decimal(megabytes) / _GIGABYTE, '#,##0.###', self.locale)} GB"

    def bold(self, text: str) -> str:
        """Emphasise where the channel can."""
        return Markup("<b>{}</b>").format(text) if self.channel is Channel.TELEGRAM else text

    def link(self, url: str, label: str) -> str:
        """Hide an address behind words where the channel can."""
        if self.channel is Channel.TELEGRAM:
            return Markup('<a href="{}">{}</a>').format(url, label)
        return url

    def bar(self, done: int, of: int) -> str:
        """Draw progress as blocks of text."""
        return _DONE * done + _TO_DO * (of - done)


# Everybody is told of the same few days and volumes, and Babel takes its time over each.


@lru_cache(maxsize=4096)
def _date(day: date, style: _Style, locale: Locale) -> str:
    return format_date(day, style, locale)


@lru_cache(maxsize=4096)
def _decimal(number: Decimal, pattern: str, locale: Locale) -> str:
    return format_decimal(number, pattern, locale)
