"""Germany's holidays, against a package that knows the holidays of the whole world."""

import pytest
from holidays import country_holidays

from flows.holidays import LANDS, holidays

SUNDAY = 6


@pytest.mark.parametrize("land", [None, *LANDS])
def test_each_land_has_the_days_that_others_know(land: str | None) -> None:
    for year in range(2024, 2051):
        known = set(country_holidays("DE", subdiv=land, years=year))

        assert {day for day in known if day.weekday() != SUNDAY} == {
            day for day in holidays(land, year) if day.weekday() != SUNDAY
        }
