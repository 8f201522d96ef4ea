"""``--format``: a verdict for a CI system in place of the table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from nbtui.errors import UnusableInput

if TYPE_CHECKING:
    from nbtui.ci.checks import CheckList

GITHUB, JUNIT = "github", "junit"

format_option = click.option(
    "--format",
    "ci",
    type=click.Choice([GITHUB, JUNIT]),
    help="Print annotations for GitHub, or JUnit XML for any CI system.",
)


def one_style(style: str | None, ci: str | None) -> str:
    """The one requested style, ``table`` without any.

    Raises:
        UnusableInput: two are requested.
    """
    if style is not None and ci is not None:
        raise UnusableInput(f"give either --{style} or --format {ci}, not both")
    return style or ci or "table"


def ci_lines(found: CheckList, style: str, began: datetime) -> Iterator[str]:
    """The lines of a verdict in one of the formats; ``began``: start of the comparison."""
    if style == GITHUB:
        from nbtui.ci.github import annotation_lines

        yield from annotation_lines(found)
        return
    from nbtui.ci.junit import junit_xml

    yield from junit_xml(found, began, (datetime.now(UTC) - began).total_seconds()).splitlines()
