"""The published interface definitions beside the checkout, where they are present."""

from functools import cache
from pathlib import Path

import jsonschema
import msgspec
import pytest

_FOLDER = Path(__file__).parents[3].parent / "shared" / "specs"
FILES = {
    "4.0": "TMF654-PrepayBalance-v4.0.0.swagger.json",
    "4.1": "TMF654-PrepayBalance-v4.1.0.swagger.json",
    "677": "TMF677-UsageConsumption-v4.0.1.swagger.json",
    "678": "TMF678-CustomerBill-v4.0.0.swagger.json",
    "683": "TMF683-PartyInteraction-v4.0.0.swagger.json",
}

needs_specs = pytest.mark.skipif(
    not _FOLDER.is_dir(), reason="did not run: shared/specs is not beside this checkout"
)


@cache
def _definitions(name: str) -> dict[str, object]:
    read = msgspec.json.decode((_FOLDER / FILES[name]).read_bytes())
    definitions = read["definitions"]
    assert isinstance(definitions, dict)
    return definitions


def check(name: str, kind: str, body: bytes) -> None:
    """Fail unless the body fits the named definition; a list must fit it row by row."""
    value = msgspec.json.decode(body)
    schema = {"$ref": f"#/definitions/{kind}", "definitions": _definitions(name)}
    validator = jsonschema.Draft4Validator(schema)
    for row in value if isinstance(value, list) else [value]:
        validator.validate(row)


def knows(name: str, kind: str) -> frozenset[str]:
    """Name the fields that a definition has; the schemas themselves let any other pass."""
    definition = _definitions(name)[kind]
    assert isinstance(definition, dict)
    return frozenset(definition["properties"])
