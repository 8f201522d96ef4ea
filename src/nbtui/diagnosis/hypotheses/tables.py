"""Structure factors of another table: caches and files at hand, and the values that the suspect prints.

Source: hypotheses.md, Inputs and configuration; nanobragg_setup.md sections 5.1 and 5.2 (quirk S24).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from nbtui.diagnosis.hypotheses.changes import Change, rule, scene
from nbtui.diagnosis.hypotheses.log_lines import quoted
from nbtui.diagnosis.hypotheses.record import Form, Forms, Hypothesis, NoticeMeaning, Problem, number_price
from nbtui.diagnosis.replay.setup import PixelSetup
from nbtui.live.scene import FactorTable, table_of
from nbtui.parity.align import cells
from nbtui.regular_file import read_regular
from nbtui.trace.model import Trace

MOST_FILES = 8  # tables tried beside the caches
LARGEST = 16_000_000  # bytes of a file that is tried
_DEFAULT_CACHE = "Fdump.bin"
_OF_ANOTHER_FILE = 4.0  # bits
INDEX, FACTOR = ("hkl_rounded", "printout.hkl_rounded"), ("F_cell", "printout.F_cell")
UNNAMED = 30.0  # bits: whatever changes F_cell can be put as another table


def _folders(problem: Problem) -> list[Path]:
    """The working folder, and those of the case and of the logs."""
    case = problem.case
    logs = [Path(trace.origin).parent for trace in (problem.suspect, problem.reference) if trace.origin != "live"]
    if case.c_log is not None:
        logs.append(case.c_log.parent)
    folders = [case.workdir, *([case.folder] if case.folder is not None else []), *logs]
    return [folder for folder in {folder.resolve(): folder for folder in folders}.values() if folder.is_dir()]


def _candidates(problem: Problem) -> Iterator[tuple[Path, bool]]:
    """Caches, then other tables at hand, and whether a file is a cache."""
    options = problem.scene.options
    own = None if options.hkl_file is None else (problem.workdir / options.hkl_file).resolve()
    if own is None and problem.scene.table.source.startswith("Fdump"):
        own = (problem.workdir / options.dump_file).resolve()
    folders = _folders(problem)
    caches = [folder / name for folder in folders for name in dict.fromkeys((options.dump_file, _DEFAULT_CACHE))]
    others = [path for folder in folders for path in sorted(folder.glob("*.hkl"))[:MOST_FILES]]
    seen = {own}
    for path, cache in (*((path, True) for path in caches), *((path, False) for path in others[:MOST_FILES])):
        if path.resolve() not in seen and path.is_file() and path.stat().st_size <= LARGEST:
            seen.add(path.resolve())
            yield path, cache


@lru_cache(maxsize=64)
def _sha256(path: Path, time: int, size: int) -> str:
    """The digest of a file; ``time`` and ``size`` tell its versions apart."""
    return hashlib.sha256(read_regular(path, LARGEST)).hexdigest()


def _named(problem: Problem, path: Path) -> str:
    """The path, relative to the working folder if it lies inside, and the beginning of the digest."""
    at = path.stat()
    shown = path.relative_to(problem.workdir) if path.is_relative_to(problem.workdir) else path
    return f"{shown} (sha256 {_sha256(path, at.st_mtime_ns, at.st_size)[:12]})"


def _read_from(path: Path, *, cache: bool) -> Change:
    """The table of a file; Unusable if it is none."""

    def change(setup: PixelSetup) -> PixelSetup:
        return scene(table=table_of(setup.scene, path, cache=cache))(setup)

    return change


def _tables(problem: Problem) -> Iterator[Form]:
    """Tables at hand, no table, and the values that the suspect prints."""
    here = problem.scene
    said = any(
        "Fdump.bin" in n.text and "reading" in n.text for n in problem.reference.notices + problem.suspect.notices
    )
    price = -6.0 if said else 0.0
    for path, cache in _candidates(problem):
        try:
            name = _named(problem, path)
        except OSError:
            continue
        cost = price if cache else _OF_ANOTHER_FILE
        yield Form(f"{name} read", _read_from(path, cache=cache), cost)
    if here.table.source.startswith("Fdump") and here.options.hkl_file is None:
        plain = replace(here.table, grid=None, default_f=here.options.default_f)
        yield Form("cache not read, default_F everywhere", scene(table=plain), price)
    printed = _printed_factors(problem.suspect)
    if printed:
        elsewhere = price if said else UNNAMED
        yield Form("F_cell from elsewhere", rule("structure_factor", f_given=printed), elsewhere)
    for value in sorted(_printed_values(problem.suspect))[:1]:
        everywhere = FactorTable(None, (0, 0, 0), value, "printed")
        # without -hkl both sides take default_F, unless one finds a cache
        cost = price if said or here.options.hkl_file is None else 12.0
        form = f"F_cell {value:g} everywhere"
        yield Form(form, scene(table=everywhere, interpolate=False), cost + number_price(value))


def _printed_values(trace: Trace) -> set[float]:
    """F_cell, if one value stands in every block; otherwise nothing."""
    records = [record for name in FACTOR for record in trace.all(name)]
    values = {float(record.values[0]) for record in records if not isinstance(record.values[0], str)}
    return values if len(values) == 1 else set()


def _printed_factors(trace: Trace) -> tuple[tuple[tuple[int, int, int], float], ...]:
    """Index and F_cell of every block that prints both."""
    found: dict[int, dict[str, tuple[float, ...]]] = {}
    for place, value in ((place, entry.value) for place, entry in cells(trace).items()):
        if place[3] in (*INDEX, *FACTOR) and not isinstance(value, str):
            block = found.setdefault(place[1], {})
            name = INDEX[0] if place[3] in INDEX else FACTOR[0]
            block[name] = (*block.get(name, ()), float(value))
    pairs: dict[tuple[int, int, int], float] = {}
    for block in found.values():
        index, factor = block.get(INDEX[0], ()), block.get(FACTOR[0], ())
        if len(index) == 3 and len(factor) == 1:
            pairs[int(index[0]), int(index[1]), int(index[2])] = factor[0]
    return tuple(pairs.items())


STALE_CACHE = Hypothesis(
    "stale_hkl_cache",
    "One side read structure factors from a cache file of an earlier run.",
    "The C log says 'reading Fs from Fdump.bin', or lacks 'counting entries in'.",
    "Delete Fdump.bin, or give -hkl on every run.",
    _tables,
    quoted("reading Fs from", "counting entries in", fields=("F_cell",)),
    notice=NoticeMeaning(
        "reading Fs from Fdump.bin",
        "C read structure factors from the cache Fdump.bin of an earlier run, not from -hkl or -default_F "
        "(stale_hkl_cache).",
        bits=8.0,
    ),
)


def _read_otherwise(found: Callable[[Path, int, int], bool], **reading: bool) -> Forms:
    """The own table read by another rule, if ``found`` sees rows in it to which the rule applies."""

    def forms(problem: Problem) -> Iterator[Form]:
        options = problem.scene.options
        if options.hkl_file is None or not problem.scene.table.source.startswith("hkl"):
            return
        path = problem.workdir / options.hkl_file

        def change(setup: PixelSetup) -> PixelSetup:
            return scene(table=table_of(setup.scene, path, cache=False, **reading))(setup)

        try:
            at = path.stat()
            if at.st_size <= LARGEST and found(path, at.st_mtime_ns, at.st_size):
                yield Form("", change)
        except OSError:
            return

    return forms


@lru_cache(maxsize=64)
def _has_fractions(path: Path, time: int, size: int) -> bool:
    """Whether an index of the table is written with a decimal point; ``time`` and ``size`` as for the digest."""
    lines = read_regular(path, LARGEST).decode("latin-1").splitlines()
    return any("." in word for line in lines for word in line.split()[:3])


INTEGER_ROWS = Hypothesis(
    "hkl_integer_rows",
    "Rows of the table with indices such as 1.0 are read; for C they end the table.",
    "Compare 'initialized hkls' with the rows of the file.",
    "Write the indices as whole numbers, or emulate C (quirk hkl_integer_rows).",
    _read_otherwise(_has_fractions, integer_rows=False),
    quoted("initialized hkls", fields=("F_cell",)),
    quirks=("hkl_integer_rows",),
)


@lru_cache(maxsize=64)
def _has_comments(path: Path, time: int, size: int) -> bool:
    """Whether the table holds a ``#``; ``time`` and ``size`` as for the digest."""
    return b"#" in read_regular(path, LARGEST)


COMMENTS = Hypothesis(
    "hkl_comments",
    "Comment lines of the table are skipped; for C, '#' ends the table.",
    "Compare 'initialized hkls' with the rows of the file.",
    "Delete the comments of the file, or skip them on both sides (quirk comments_as_data off).",
    _read_otherwise(_has_comments, comments_as_data=False),
    quoted("initialized hkls", fields=("F_cell",)),
    quirks=("comments_as_data",),
)

HYPOTHESES = (STALE_CACHE, INTEGER_ROWS, COMMENTS)
