"""Germany's public holidays, by Land, as its laws have them; Sundays are days of rest anyway.

Of our own and not of the package `holidays`, which takes 20 MiB and 0.1 s for one country, since it
loads every other with it. The tests compare the two.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from dateutil.easter import easter

LANDS = (
    *("BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV"),
    *("NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH"),
)

_EVERYWHERE = ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26))
_AFTER_EASTER = (-2, 1, 39, 50)  # Good Friday, Easter Monday, Ascension Day, Whit Monday
_CORPUS_CHRISTI, _WITH_CORPUS_CHRISTI = 60, ("BW", "BY", "HE", "NW", "RP", "SL")
_WITH_REPENTANCE = "SN"  # on the last Wednesday before 23 November
_OF_SOME = (  # month, day, where, and since which year
    (1, 6, ("BW", "BY", "ST"), 0),
    (3, 8, ("BE",), 2019),
    (3, 8, ("MV",), 2023),
    (8, 15, ("SL",), 0),  # in Bavaria by municipality, so not as a whole
    (9, 20, ("TH",), 2019),
    (10, 31, ("BB", "MV", "SN", "ST", "TH"), 0),
    (10, 31, ("HB", "HH", "NI", "SH"), 2018),
    (11, 1, ("BW", "BY", "NW", "RP", "SL"), 0),
)
_ONCE = {date(2025, 5, 8): "BE", date(2028, 6, 17): "BE"}


@cache
def holidays(land: str | None, year: int) -> frozenset[date]:
    """Give the holidays of a Land (ISO 3166-2:DE, such as "BE"; None: those of all Germany)."""
    return frozenset((*_of_all(year), *(_of(land, year) if land else ())))


def _of_all(year: int) -> Iterator[date]:
    for month, day in _EVERYWHERE:
        yield date(year, month, day)
    for days in _AFTER_EASTER:
        yield easter(year) + timedelta(days=days)


def _of(land: str, year: int) -> Iterator[date]:
    for month, day, lands, since in _OF_SOME:
        if land in lands and year >= since:
            yield date(year, month, day)
    yield from (day for day, where in _ONCE.items() if (where, day.year) == (land, year))
    if land in _WITH_CORPUS_CHRISTI:
        yield easter(year) + timedelta(days=_CORPUS_CHRISTI)
    if land == _WITH_REPENTANCE:
        last = date(year, 11, 22)
        yield last - timedelta(days=(last.weekday() - 2) % 7)
