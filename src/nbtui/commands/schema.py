"""``nbtui schema``: the JSON Schemas of a package's two JSON files."""

from __future__ import annotations

from importlib.resources import files

import click


@click.command("schema")
@click.argument("which", type=click.Choice(["metrics", "env"]))
def command(which: str) -> int:
    """Print the JSON Schema of metrics.json or env.json."""
    click.echo((files("nbtui.evidence") / f"{which}.schema.json").read_text("utf-8").rstrip("\n"))
    return 0
