"""``nbtui verify``: whether a package still states the measured values."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nbtui.commands import completions
from nbtui.errors import INCOMPLETE, UnusableInput
from nbtui.evidence.check.finding import CheckOutcome, Weight
from nbtui.evidence.check.signature import check_signers
from nbtui.evidence.check.verify import Verification
from nbtui.results.packages import verified
from nbtui.schemas import labelled
from nbtui.trace.text import clean

SIGNS = {Weight.WRONG: "!", Weight.UNJUDGED: "?", Weight.REMARK: "-"}
TITLES = {Weight.WRONG: ": ", Weight.UNJUDGED: "; not judged: ", Weight.REMARK: "; remarks: "}


@click.command("verify")
@click.argument(
    "packages",
    metavar="PACKAGE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    shell_complete=completions.packages,
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per package and line.")
@click.option("--details", is_flag=True, help="Print a line for every finding, below that of the package.")
@click.option("--replay", is_flag=True, help="Also simulate the pixel again and compare every number with the package.")
@click.option(
    "--signers", type=click.Path(path_type=Path), metavar="FILE", help="Require a signature by one of these SSH keys."
)
def command(packages: tuple[Path, ...], as_json: bool, details: bool, replay: bool, signers: Path | None) -> int:
    """Check packages: every statement is recomputed from the logs and compared, down to the text of summary.md.

    One line per package. ok: everything was judged, without a contradiction; incomplete: no contradiction, but
    something could not be judged, such as the parts that an old format lacks; FAILED: a contradiction. Exit code 0: all
    ok, 1: one failed, 5: none failed, one is incomplete.

    A package whose files were all changed alike contradicts itself nowhere. --replay notices it: the command and the
    input files of the package (in it, or found at hand by name and sha256) have to give its Python trace and terms.
    --signers takes a file of ssh-keygen's format, with lines such as 'alice ssh-ed25519 AAAA...'.
    """
    for path in packages:
        if not path.exists():
            raise UnusableInput(f"{clean(str(path))}: no such package; name a directory such as reports/STAMP")
    if signers is not None:
        check_signers(signers)
    outcomes = set()
    for path in packages:
        found = verified(path, replay=replay, signers=signers)
        outcomes.add(found.outcome)
        click.echo(
            json.dumps(labelled("verification", as_object(path, found)))
            if as_json
            else as_text(path, found, details=details)
        )
    if CheckOutcome.FAILED in outcomes:
        return 1
    return INCOMPLETE if CheckOutcome.INCOMPLETE in outcomes else 0


def as_text(path: Path, found: Verification, *, details: bool = False) -> str:
    """The outcome on one line, or with ``details`` on more. Safe for a terminal."""
    name, words = clean(str(path)), f"{found.outcome.value}{found.aside}"
    if details:
        notes = [f"  {SIGNS[weight]} {clean(one.sentence)}" for weight in SIGNS for one in found.of(weight)]
        return "\n".join([f"{name}: {words}", *notes])
    parts = ((title, "; ".join(one.sentence for one in found.of(weight))) for weight, title in TITLES.items())
    return f"{name}: {words}" + "".join(clean(title + said) for title, said in parts if said)


def as_object(path: Path, found: Verification) -> dict[str, object]:
    """The outcome as a JSON object."""
    return {
        "package": str(path),
        "outcome": found.outcome.value.lower(),
        "ok": found.ok,
        "caveat": found.caveat,
        "format": found.package.format,
        "findings": [
            {"file": one.file, "what": one.what, "weight": one.weight.value, "fatal": one.fatal}
            for one in found.findings
        ],
    }
