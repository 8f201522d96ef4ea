"""The JSON Schema of nbtui.toml, from the tables that its reader uses: for editors that complete and check TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping

from nbtui.case_table import CASE_KEYS
from nbtui.parity.profiles import KEYS as PROFILE_KEYS
from nbtui.setting_table import SETTINGS, Setting

_TEXT = {"type": "string", "minLength": 1}
_KEYS: dict[str, object] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_LIMIT = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "object", "properties": {"abs": {"type": "number", "minimum": 0}}, "required": ["abs"]},
    ]
}
_CASE_TYPES: dict[str, dict[str, object]] = {
    "text": _TEXT,
    "path": _TEXT,
    "true | false": {"type": "boolean"},
    "number of seconds": {"type": "number", "exclusiveMinimum": 0},
    "table of texts": {"type": "object", "additionalProperties": {"type": "string"}},
    "list of texts": _KEYS,
    "[slow, fast]": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 2},
}
_PROFILE_TYPES: dict[str, dict[str, object]] = {
    "base": _TEXT,
    "description": {"type": "string"},
    "tolerance": {"type": "number", "minimum": 0},
    "fields": {"type": "object", "additionalProperties": _LIMIT},
    "only": {"type": "boolean"},
}


def settings_schema() -> str:
    """The schema as JSON text."""
    case = {key.name: {**_CASE_TYPES[key.type], "description": key.help} for key in CASE_KEYS}
    profile = {name: _PROFILE_TYPES[name] for name in PROFILE_KEYS}
    program = {"type": "object", "properties": {"base": _TEXT}, "additionalProperties": {"type": "boolean"}}
    one_of = [{"required": ["folder"]}, {"required": ["command"]}]
    properties: dict[str, object] = {setting.name: _scalar(setting) for setting in SETTINGS}
    properties |= {
        "cases": _tables({"type": "object", "properties": case, "additionalProperties": False, "oneOf": one_of}),
        "profiles": _tables({"type": "object", "properties": profile, "additionalProperties": False}),
        "c_programs": _tables(program),
        "keys": {"type": "object", "additionalProperties": {"anyOf": [_KEYS, _tables(_KEYS)]}},
    }
    return json.dumps(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "nbtui.toml",
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
        },
        indent=2,
    )


def _tables(content: Mapping[str, object]) -> dict[str, object]:
    return {"type": "object", "additionalProperties": content}


def _scalar(setting: Setting) -> dict[str, object]:
    meaning = f"{setting.help}{f' [{setting.unit}]' if setting.unit else ''}"
    kinds: dict[str, dict[str, object]] = {
        "path": _TEXT,
        "text": _TEXT,
        "switch": {"type": "boolean"},
        "choice": {"enum": list(setting.choices)},
        "count": {"type": "integer", "minimum": setting.least, "maximum": setting.most},
    }
    return {"description": meaning, **kinds[setting.kind]}
