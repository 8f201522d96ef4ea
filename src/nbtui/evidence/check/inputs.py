"""The input files in metrics.json: the logs in the package, and the files of the simulation where they are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from nbtui.errors import UnusableInput
from nbtui.evidence.ascii_text import spelled
from nbtui.evidence.check.finding import FileFinding, Weight, wrong
from nbtui.evidence.layout import C_LOG, GIVEN_LOG, METRICS, PYTHON_LOG
from nbtui.evidence.read.folder import file_hash, mapping, number, regular_size, text
from nbtui.evidence.read.package import Package, stand_in_of
from nbtui.evidence.restore.inputs import find_inputs, input_file, usual_places
from nbtui.live.cases import input_names
from nbtui.paths import DEMO
from nbtui.settings import Configuration
from nbtui.settings import load as load_settings
from nbtui.trace.text import clean


def entries_of(metrics: Mapping[str, object]) -> list[dict[str, object]]:
    """The entries of ``inputs``."""
    listed = metrics.get("inputs")
    return [mapping(entry) for entry in listed] if isinstance(listed, list) else []


def given_logs_in(files: Sequence[str], metrics: Mapping[str, object]) -> list[str]:
    """The logs of the package that are inputs of the comparison, not made by nbtui."""
    names = [C_LOG] if C_LOG in files and not stand_in_of(metrics) else []
    if text(metrics.get("python_trace")) == GIVEN_LOG:
        names += [name for name in files if name.startswith(PYTHON_LOG) and name.endswith(".log")]
    return names


def of_the_run(package: Package, metrics: Mapping[str, object]) -> list[dict[str, object]]:
    """The entries of the simulation's own input files."""
    logs = {file_hash(package.path / name) for name in given_logs_in(package.files, metrics)}
    return [entry for entry in entries_of(metrics) if text(entry.get("sha256")) not in logs]


def check_inputs(package: Package, metrics: Mapping[str, object], argv: Sequence[str]) -> list[FileFinding]:
    """Each entry is a log of the package or a file of the command, with the content that it has here.

    ``argv``: the nanoBragg flags of the command. A file that is not at hand cannot be judged.
    """
    logs = given_logs_in(package.files, metrics)
    entries = entries_of(metrics)
    found = [*_logs(package, logs, entries), *_named(package, metrics, argv), *_carried(package, entries)]
    run = of_the_run(package, metrics)
    return [*wrong(METRICS, found), *_at_hand(package, metrics, argv, run)]


def _logs(package: Package, logs: Sequence[str], entries: Sequence[Mapping[str, object]]) -> Iterator[str]:
    stated = {text(entry.get("sha256")): number(entry.get("size")) for entry in entries}
    for name in logs:
        digest = file_hash(package.path / name)
        if digest not in stated:
            yield f"inputs do not name the {name} of this package"
        elif stated[digest] != regular_size(package.path / name):
            yield f"inputs have another size of {name}"
    named = {(text(entry.get("path")), text(entry.get("sha256"))) for entry in entries}  # a log may be on both sides
    if len({path for path, _ in named}) < len(named):
        yield "inputs name a file twice"


def _carried(package: Package, entries: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """The copies in the package are those of their entries."""
    names = [text(entry.get("carried")) for entry in entries if "carried" in entry]
    for entry in entries:
        name = text(entry.get("carried"))
        if "carried" in entry and not (name in package.files and file_hash(package.path / name) == entry.get("sha256")):
            yield f"inputs: {clean(name)} in the package is not {clean(text(entry.get('path')))}"
    if len(set(names)) < len(names):
        yield "inputs name a copy twice"


def _named(package: Package, metrics: Mapping[str, object], argv: Sequence[str]) -> Iterator[str]:
    """The files that the command names, and no others."""
    known = [PurePath(text(entry.get("path"))).name for entry in of_the_run(package, metrics)]
    named = [spelled(PurePath(name).name) for _, name in input_names(argv)]
    for name in named:
        if name not in known and "float64_error" in metrics:
            yield f"inputs do not name {clean(name)}, which the command reads"
    for name in known:
        if name not in named and not _unnamed(argv):
            yield f"inputs name {clean(name)}, which the command does not read"


def _unnamed(argv: Sequence[str]) -> bool:
    """Whether a run reads a file that its command need not name: the cache of structure factors."""
    return "-hkl" not in argv


def _at_hand(
    package: Package, metrics: Mapping[str, object], argv: Sequence[str], entries: Sequence[Mapping[str, object]]
) -> Iterator[FileFinding]:
    try:
        places = usual_places(package.path, load_settings())
    except UnusableInput:  # of the settings file of the reader
        places = usual_places(package.path, Configuration())
    for entry in entries:
        file = input_file(entry)
        missing = find_inputs(argv, (file,), places).missing
        if missing and metrics.get("case") == DEMO and "another content" in missing:
            yield FileFinding(METRICS, f"inputs: {missing}; the demo has only one")
        elif missing:
            yield FileFinding(METRICS, f"inputs: {missing}", Weight.UNJUDGED)
