"""``nbtui schema``: the JSON Schemas of everything that nbtui writes or reads as JSON or TOML."""

from __future__ import annotations

import click

from nbtui import schemas


@click.command("schema")
@click.argument("which", metavar="NAME", type=click.Choice(schemas.names()))
def command(which: str) -> int:
    """Print the JSON Schema called NAME.

    metrics and env are files of a package, settings is nbtui.toml; the others are the output of --json.
    """
    click.echo(schemas.text(which))
    return 0
