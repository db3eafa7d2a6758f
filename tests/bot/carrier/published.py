"""The published interface definitions beside the checkout, where they are present."""

from functools import cache
from pathlib import Path

import jsonschema
import msgspec
import msgspec.yaml
import pytest

_FOLDER = Path(__file__).parents[3].parent / "shared" / "specs"
FILES = {
    "4.0": "TMF654-PrepayBalance-v4.0.0.swagger.json",
    "4.1": "TMF654-PrepayBalance-v4.1.0.swagger.json",
    "677": "TMF677-UsageConsumption-v4.0.1.swagger.json",
    "678": "TMF678-CustomerBill-v4.0.0.swagger.json",
    "683": "TMF683-PartyInteraction-v4.0.0.swagger.json",
}

_V5 = "TMF683-PartyInteraction-v5.0.0.oas.yaml"

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


@cache
def _components_of_v5() -> object:
    # A schema does not know OpenAPI's discriminators, by which one of several is told.
    text = (_FOLDER / _V5).read_bytes().replace(b"oneOf:", b"anyOf:")
    return msgspec.yaml.decode(text)["components"]


def check_v5(kind: str, body: bytes) -> None:
    """Fail unless the body fits the named schema of TMF683 5.0."""
    schema = {"$ref": f"#/components/schemas/{kind}", "components": _components_of_v5()}
    jsonschema.Draft4Validator(schema).validate(msgspec.json.decode(body))


def knows(name: str, kind: str) -> frozenset[str]:
    """Name the fields that a definition has; the schemas themselves let any other pass."""
    definition = _definitions(name)[kind]
    assert isinstance(definition, dict)
    return frozenset(definition["properties"])
