"""``nbtui config``: every effective setting and its origin."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nbtui.commands.options import json_option
from nbtui.parity.profiles import BUILT_IN
from nbtui.schemas import labelled
from nbtui.settings import Configuration, find_places, load
from nbtui.trace.text import clean

WIDTHS = (28, 26)


@click.command("config")
@click.option("--keys", "with_keys", is_flag=True, help="Include every action with its keys, not only your own.")
@json_option
def command(with_keys: bool, as_json: bool) -> int:
    """Show every effective setting and its origin.

    All settings files are checked, so that an error surfaces here and not in the middle of work.
    """
    configuration = load()
    from nbtui.console import keymap

    mine = keymap.resolve(configuration.keys)
    keymap.choose(mine)
    content = _content(configuration, with_keys)
    if as_json:
        click.echo(json.dumps(labelled("config", content), indent=2))
        return 0
    for line in _lines(content):
        click.echo(clean(line))
    return 0


def _content(configuration: Configuration, with_keys: bool) -> dict[str, list[dict[str, object]]]:
    from nbtui.console.keymap import TABLES

    effective = configuration.effective()
    profile = str(effective["profile"].value)
    if profile not in BUILT_IN and profile not in configuration.profiles:
        from nbtui.errors import UnusableInput

        known = ", ".join((*BUILT_IN, *configuration.profiles))
        raise UnusableInput(
            f"{clean(effective['profile'].origin)}: no profile is called '{clean(profile)}'; known: {known}"
        )
    from nbtui.live.programs import check

    check(configuration)
    settings: list[dict[str, object]] = [
        {
            "name": name,
            "value": str(entry.value) if isinstance(entry.value, Path) else entry.value,
            "unit": entry.setting.unit,
            "origin": entry.origin,
            "type": entry.setting.type,
            "help": entry.setting.help,
        }
        for name, entry in effective.items()
    ]
    keys: list[dict[str, object]] = []
    for registry in TABLES:
        for action in registry.actions:
            id = registry.setting(action)
            given = configuration.keys.get(id)
            if given is not None or with_keys:
                origin = str(given.file) if given else "default"
                keys.append({"action": id, "keys": action.shown, "origin": origin, "help": action.help})
    return {
        "files": [{"path": str(path), "found": found} for path, found in find_places()],
        "settings": settings,
        "keys": keys,
        "cases": [{"name": name, "origin": str(entry.source)} for name, entry in configuration.cases.items()],
        "profiles": [{"name": name} for name in configuration.profiles],
        "c_programs": [
            {"name": name, "base": entry.base, "origin": str(entry.file)}
            for name, entry in configuration.c_programs.items()
        ],
    }


def _lines(content: dict[str, list[dict[str, object]]]) -> list[str]:
    lines = ["files, later ones win"]
    lines += [f"  {entry['path']}{'' if entry['found'] else '  (missing)'}" for entry in content["files"]]
    lines += ["", "settings"]
    for entry in content["settings"]:
        value = entry["value"]
        shown = str(value).lower() if isinstance(value, bool) else f"{value} {entry['unit']}".strip()
        lines.append(_row(str(entry["name"]), shown or "-", str(entry["origin"])))
    tables = (
        ("keys", "action", "keys"),
        ("cases", "name", ""),
        ("profiles", "name", ""),
        ("c_programs", "name", "base"),
    )
    for title, first, second in tables:
        if content[title]:
            lines += ["", title]
            rows = content[title]
            lines += [_row(str(row[first]), str(row.get(second, "")), str(row.get("origin", ""))) for row in rows]
    return lines


def _row(name: str, value: str, origin: str) -> str:
    cells = [f"  {name}".ljust(WIDTHS[0]), value.ljust(WIDTHS[1]) if value else "", origin]
    return " ".join(cell for cell in cells if cell).rstrip()
