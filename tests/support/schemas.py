"""JSON of a command, held to its schema."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from nbtui import schemas


def held(text: str) -> Any:
    """The content of ``text``; every object that names its schema agrees with it, without further keys."""
    content = json.loads(text)
    for one in content if isinstance(content, list) else [content]:
        name = one["schema"].removeprefix("nbtui.")
        schema = json.loads(schemas.text(name))
        wrong = list(Draft202012Validator(_closed(schema)).iter_errors(one))
        assert not wrong, [f"{list(error.path)}: {error.message}"[:300] for error in wrong[:3]]
        assert {"schema", "schema_version"} <= set(schema["required"])
    return content


def _closed(schema: Any) -> Any:
    """The schema without room for keys that it does not list."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inside = {key: _closed(value) for key, value in schema.items()}
    if inside.get("type") == "object" and "properties" in inside:
        inside.setdefault("additionalProperties", False)
    return inside
