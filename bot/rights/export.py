"""The export: everything that is held about one person, as JSON and as a table for each kind.

The JSON is for programs and keeps every value; the tables (CSV, UTF-8 with a mark that spreadsheets
know it by) are for people. Both stand in one archive, with a word on what is in it.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.reading import KeptText
from storage.rights import Sheet, Value

_JSON = "_json"
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True, slots=True)
class Export:
    """What is held about one person at one moment."""

    at: datetime
    customer: str
    sheets: tuple[Sheet, ...]
    consents: tuple[KeptText, ...]

    def as_json(self) -> bytes:
        """Write everything as one value."""
        held = {sheet.name: list(_records(sheet)) for sheet in self.sheets}
        texts = [
            {"version": kept.version, "language": kept.language, "text": kept.text}
            for kept in self.consents
        ]
        whole: Json = {
            "customer": self.customer,
            "made_at": self.at.isoformat(),
            "consent_texts": texts,
            **held,
        }
        return (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()

    def as_zip(self) -> bytes:
        """Pack the JSON, a table for each sheet that has rows, and the texts consented to."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", _README)
            archive.writestr("data.json", self.as_json())
            for sheet in self.sheets:
                if sheet.rows:
                    archive.writestr(f"{sheet.name}.csv", _table(sheet))
            for kept in self.consents:
                name = f"consent-{kept.version}-{kept.language}.txt".replace("/", "-")
                archive.writestr(name, kept.text)
        return packed.getvalue()


_README = """\
Everything that this programme has stored about you / Alles, was dieses Programm über Sie speichert

data.json   all of it, for programs / alles, für Programme
*.csv       the same as tables / dasselbe als Tabellen
consent-*   the exact words that you agreed to / der Wortlaut Ihrer Einwilligung

Times are in UTC, volumes in MB (1000 MB = 1 GB).
Zeiten sind in UTC angegeben, Datenvolumen in MB (1000 MB = 1 GB).
"""


def _records(sheet: Sheet) -> Iterator[dict[str, Json]]:
    for row in sheet.rows:
        yield {
            column.removesuffix(_JSON): _plain(column, value)
            for column, value in zip(sheet.columns, row, strict=True)
        }


def _plain(column: str, value: Value) -> Json:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if column.endswith(_JSON) and isinstance(value, str):
        parsed: Json = json.loads(value)
        return parsed
    return value


def _table(sheet: Sheet) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.removesuffix(_JSON) for column in sheet.columns])
    writer.writerows([_cell(value) for value in row] for row in sheet.rows)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Value) -> str | int | float | None:
    """Write a value for a spreadsheet, which must not take it for a formula."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str) and value.startswith(_BEGINS_A_FORMULA):
        return f"'{value}"
    return value
