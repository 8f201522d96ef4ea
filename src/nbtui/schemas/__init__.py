"""The JSON of every command: name, version and JSON Schema.

Within a version keys are only added; a change of a meaning, a type or a name raises the version.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

_HERE = "nbtui.schemas"
_PACKAGES = "nbtui.evidence"  # schemas of the files in an evidence package
METRICS, ENVIRONMENT, SETTINGS = "metrics", "env", "settings"

VERSIONS: Mapping[str, int] = MappingProxyType(
    {
        "bisection": 1,
        "config": 1,
        "diagnosis": 1,
        "doctor": 1,
        "estimate": 1,
        "event": 1,
        "gradients": 1,
        "images": 1,
        "matrix": 1,
        "package": 1,
        "part": 1,
        "run": 1,
        "sweep": 1,
        "terms": 1,
        "verification": 1,
    }
)


def labelled(name: str, content: Mapping[str, object]) -> dict[str, object]:
    """``content`` with its schema's name and version in front."""
    return {"schema": f"nbtui.{name}", "schema_version": VERSIONS[name], **content}


def names() -> tuple[str, ...]:
    """Every schema that ``nbtui schema`` prints."""
    return tuple(sorted((*VERSIONS, METRICS, ENVIRONMENT, SETTINGS)))


def text(name: str) -> str:
    """The JSON Schema called ``name``, without a newline at the end."""
    if name == SETTINGS:
        from nbtui.schemas.settings import settings_schema

        return settings_schema()
    home = _PACKAGES if name in (METRICS, ENVIRONMENT) else _HERE
    return (files(home) / f"{name}.schema.json").read_text("utf-8").rstrip("\n")
