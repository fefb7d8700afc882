"""The table of holidays that the program reads instead of the calendar: `make holidays` takes it down anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from reconciler import calendar

FILE: Final = Path(calendar.__file__).with_name("holidays.json")
COUNTRIES: Final = ("AR", "BR", "CL", "CO", "CR", "EC", "MX", "PE", "US", "UY")
YEARS: Final = range(2025, 2037)


def taken_down() -> str:
    """The table as it has to read, one line a year."""
    countries = ",\n".join(f'"{country}": {{\n{_years(country)}\n}}' for country in COUNTRIES)
    return f'{{"version": "{calendar.holidays_version()}", "days": {{\n{countries}\n}}}}\n'


def _years(country: str) -> str:
    return ",\n".join(
        f'  "{year}": {json.dumps([f"{day:%m-%d}" for day in sorted(calendar.holiday_names(country, year))])}' for year in YEARS
    )


if __name__ == "__main__":
    FILE.write_text(taken_down(), "utf-8")
