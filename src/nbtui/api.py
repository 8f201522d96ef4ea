"""nbtui from Python: read, compare, diagnose, keep and verify what the command line does, as values.

The names in ``__all__`` are the public interface of nbtui; everything else may change (docs/python.md). A log is a
path, a text, or a result of `read_trace` or `simulate`. A case is what CASE is on the command line (a folder with
``command.txt``, a name from ``nbtui.toml``, ``demo``), or a nanoBragg command line as a list of words or as a text
that begins with a flag. Settings come from ``nbtui.toml`` as for the commands. A pixel is always (slow, fast).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from nbtui.errors import NbtuiError, NotWritten, SimulationFailed, UnusableInput
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.diagnosis.answer import Diagnosis
    from nbtui.live.model import Case
    from nbtui.results.comparison import ComparisonResult, FieldResult
    from nbtui.results.diagnosis import CauseResult, DiagnosisResult
    from nbtui.results.given import CaseName, Log
    from nbtui.results.images import ImageComparisonResult
    from nbtui.results.logs import TraceResult
    from nbtui.results.packages import FindingResult, PackageResult, VerificationResult
    from nbtui.results.simulation import SimulationResult

__all__ = [
    "CauseResult",
    "ComparisonResult",
    "DiagnosisResult",
    "FieldResult",
    "FindingResult",
    "ImageComparisonResult",
    "NbtuiError",
    "NotWritten",
    "PackageResult",
    "SimulationFailed",
    "SimulationResult",
    "TraceResult",
    "UnusableInput",
    "VerificationResult",
    "compare",
    "compare_images",
    "diagnose",
    "export",
    "read_trace",
    "simulate",
    "verify",
]

_RESULTS = {  # loaded on use: some need numpy or the simulator
    "CauseResult": "nbtui.results.diagnosis",
    "ComparisonResult": "nbtui.results.comparison",
    "DiagnosisResult": "nbtui.results.diagnosis",
    "FieldResult": "nbtui.results.comparison",
    "FindingResult": "nbtui.results.packages",
    "ImageComparisonResult": "nbtui.results.images",
    "PackageResult": "nbtui.results.packages",
    "SimulationResult": "nbtui.results.simulation",
    "TraceResult": "nbtui.results.logs",
    "VerificationResult": "nbtui.results.packages",
}
_GIVEN_LOGS = "given-logs"  # below the reports: logs that were texts

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def __getattr__(name: str) -> object:
    if name in _RESULTS:
        import importlib

        found: object = getattr(importlib.import_module(_RESULTS[name]), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)


def _public(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The function with every error as an `NbtuiError`."""

    @functools.wraps(function)
    def run(*args: Arguments.args, **words: Arguments.kwargs) -> Result:
        try:
            return function(*args, **words)
        except TraceError as error:
            raise UnusableInput(str(error)) from error
        except OSError as error:
            raise NotWritten(f"{clean(str(error.filename))}: {error.strerror or error}") from error

    return run


@_public
def read_trace(log: str | os.PathLike[str]) -> TraceResult:
    """The trace in a log: a file of any dialect, plain or gzip, or its text.

    Raises:
        UnusableInput: no such file, not a log, or no trace line in it.
    """
    from nbtui.results.logs import log_of

    return log_of(log)


@_public
def simulate(
    case: CaseName,
    *,
    pixel: tuple[int, int] | None = None,
    as_reference: bool = False,
    c_program: str = "",
    phi_mode: str = "",
    dtype: str = "float64",
    device: str = "cpu",
    quirks: Mapping[str, bool] | None = None,
    workdir: str | os.PathLike[str] | None = None,
) -> SimulationResult:
    """The pixel of a case, simulated.

    Args:
        pixel: (slow, fast); default: the one that the command line traces.
        as_reference: simulate the C program ``c_program`` (default: stock) in float64, to stand in for its log.
        phi_mode: ``spec`` or ``c-parity``; default: that of ``c_program``, else ``spec``.
        quirks: quirks of the C program (docs/flags.md) to switch on or off.
        workdir: directory of the input files; default: the case folder, then the current directory.

    Raises:
        UnusableInput: the case, one of its files or a setting is unusable.
        SimulationFailed: the simulator failed.
    """
    from nbtui.live import session
    from nbtui.live.reference import simulated_reference
    from nbtui.results.given import one_of, question_of
    from nbtui.results.simulation import SimulationResult

    question = question_of(case, pixel=pixel, workdir=workdir, c_program=c_program)
    settings = replace(
        question.settings,
        phi_mode=one_of("phi_mode", phi_mode or question.settings.phi_mode, ("spec", "c-parity")),
        dtype=one_of("dtype", dtype, ("float64", "float32")),
        device=one_of("device", device, ("cpu", "cuda")),
        quirks=tuple((quirks or {}).items()),
    )
    if as_reference:
        made = simulated_reference(question.case, settings)
        return SimulationResult(made.simulation, made.trace, made.lines, True)
    simulation = session.simulate(question.case, settings)
    return SimulationResult(simulation, simulation.trace, simulation.trace_lines, False)


@_public
def compare(
    log: Log,
    case: CaseName | None = None,
    *,
    reference: Log | None = None,
    profile: str = "",
    tolerance: float | None = None,
    allow_partial: bool = False,
    pixel: tuple[int, int] | None = None,
    c_program: str = "",
    workdir: str | os.PathLike[str] | None = None,
) -> ComparisonResult:
    """Your log against the reference, field by field, to the first divergence.

    Args:
        reference: a C log; default: that of the case, else the case simulated as ``c_program`` (default: stock).
        profile: tolerance profile: scaling, full, spec, c-parity or one of ``nbtui.toml``; default: the setting.
        tolerance: relative tolerance, in place of the profile's.
        allow_partial: accept the agreement of few common fields.

    Raises:
        UnusableInput: a log, the case, the profile or the tolerance is unusable, or no reference is given.
        SimulationFailed: the reference was to be simulated, and the simulator failed.
    """
    from nbtui.parity import compare as parity
    from nbtui.results.comparison import ComparisonResult, TracePair
    from nbtui.results.given import given_log, given_reference, question_of
    from nbtui.settings import load

    suspect = given_log(log)
    question = None
    if case is not None:
        question = question_of(case, pixel=pixel, workdir=workdir, c_program=c_program, traced=suspect.trace.pixel)
    c = given_reference(question, reference)
    configuration = question.configuration if question is not None else load()
    found = parity.compare(
        c.trace,
        suspect.trace,
        profile or configuration.profile,
        tolerance,
        configuration.profiles,
        allow_partial=allow_partial,
    )
    simulation = suspect.simulation
    return ComparisonResult(
        TracePair(
            found,
            c.trace,
            suspect.trace,
            case=None if question is None else question.case,
            settings=None if simulation is None else simulation.settings,
            simulation=simulation,
            stand_in=None if c.simulation is None else c.simulation.settings,
        )
    )


@_public
def diagnose(
    log: Log,
    case: CaseName | None = None,
    *,
    reference: Log | None = None,
    pixel: tuple[int, int] | None = None,
    c_program: str = "",
    workdir: str | os.PathLike[str] | None = None,
) -> DiagnosisResult:
    """Why your log differs from the reference: certain facts, causes with probabilities, open questions.

    Two logs are diagnosed without a case, too; the answer then states its limits. ``reference``: as in `compare`.

    Raises:
        UnusableInput: a log or the case is unusable, or no reference is given.
        SimulationFailed: the reference was to be simulated, and the simulator failed.
    """
    from nbtui.diagnosis.diagnose import diagnose as explained
    from nbtui.diagnosis.without_simulation import diagnose_from_logs
    from nbtui.evidence.check.stale import seen_before
    from nbtui.results.diagnosis import DiagnosisResult
    from nbtui.results.given import given_log, given_reference, question_of

    suspect = given_log(log)
    if case is None:
        c = given_reference(None, reference)
        return DiagnosisResult(diagnose_from_logs(c.trace, suspect.trace, "no command line was given; name a case"))
    question = question_of(case, pixel=pixel, workdir=workdir, c_program=c_program, traced=suspect.trace.pixel)
    c = given_reference(question, reference)
    found = explained(question.case, c.trace, suspect.trace)
    stale = seen_before(question.case, c.trace, suspect.trace, question.configuration.reports)
    return DiagnosisResult(replace(found, preflight=(*stale, *found.preflight)))


@_public
def compare_images(
    image: object,
    case: CaseName | None = None,
    *,
    reference: object = None,
    profile: str = "field",
    roi: tuple[int, int, int, int] | None = None,
    size: tuple[int, int] | None = None,
    c_program: str = "",
    workdir: str | os.PathLike[str] | None = None,
) -> ImageComparisonResult:
    """Your image against the reference.

    Args:
        image: a path (raw floats, SMV or .npy), or an array or a tensor (slow, fast).
        reference: the same for the C program; default: the image of the case, else simulated as ``c_program``.
        profile: acceptance criteria: ``field`` or ``exact`` (docs/images.md).
        roi: fast from, to, slow from, to, inclusive, as in ``-roi``.
        size: (slow, fast) of raw floats that are not square.

    Raises:
        UnusableInput: an image, the case or an argument is unusable, or the sizes differ.
        SimulationFailed: the reference was to be simulated, and the simulator failed.
    """
    from nbtui.images import metrics
    from nbtui.results.given import one_of, question_of
    from nbtui.results.images import YOURS, ImageComparisonResult, pair_of_case, picture_of

    gates = metrics.GATES[one_of("profile", profile, tuple(metrics.GATES))]
    if reference is not None:
        yours = picture_of(image, YOURS, size)
        c = picture_of(reference, "reference", size or yours.size)
    elif case is None:
        raise UnusableInput("no reference image: give reference=, or a case")
    else:
        question = question_of(case, pixel=None, workdir=workdir, c_program=c_program, needs_pixel=False)
        c, yours = pair_of_case(image, question.case, question.settings, size)
    return ImageComparisonResult(metrics.compare_images(c, yours, roi=roi), gates, (c, yours))


@_public
def export(
    log: Log,
    case: CaseName,
    *,
    reference: Log | None = None,
    reports: str | os.PathLike[str] = "",
    profile: str = "",
    tolerance: float | None = None,
    allow_partial: bool = False,
    diagnosis: bool | DiagnosisResult = False,
    made_by: str = "",
    port: str | os.PathLike[str] | None = None,
    note: str = "",
    pixel: tuple[int, int] | None = None,
    c_program: str = "",
    workdir: str | os.PathLike[str] | None = None,
) -> PackageResult:
    """Write an evidence package of your log against the reference.

    Args:
        reports: directory for the package; default: the setting. A log given as text is kept in ``given-logs`` there.
        diagnosis: also diagnose the difference, or the result of `diagnose` on the same logs.
        made_by: command that made the log.
        port: folder of the program that made it: its commit and torch version.
        note: note for the reader.

    Raises:
        UnusableInput: a log, the case, the profile or the port is unusable; nothing is written.
        NotWritten: the package cannot be written; no part of it remains.
    """
    from nbtui.evidence.write.export import ExportRequest
    from nbtui.evidence.write.export import export as written
    from nbtui.results.given import given_log, given_reference, question_of
    from nbtui.results.packages import PackageResult

    suspect = given_log(log)
    question = question_of(case, pixel=pixel, workdir=workdir, c_program=c_program, traced=suspect.trace.pixel)
    configuration, root = question.configuration, Path(reports or question.configuration.reports)
    kept = root / _GIVEN_LOGS
    c_log = question.case.c_log
    if reference is not None:
        c_log = given_reference(question, reference).kept(kept)
    simulated = suspect.simulation
    request = ExportRequest(
        case=replace(question.case, c_log=c_log),
        settings=question.settings if simulated is None else simulated.settings,
        reports=root,
        c_log=c_log,
        py_log=suspect.kept(kept),
        made_by=made_by,
        port=None if port is None else Path(port),
        simulation=simulated,
        profile=profile or configuration.profile,
        tolerance=tolerance,
        allow_partial=allow_partial,
        profiles=configuration.profiles,
        note=note,
        diagnose=_diagnosing(diagnosis),
    )
    return PackageResult(written(request))


@_public
def verify(package: str | os.PathLike[str], *, replay: bool = False) -> VerificationResult:
    """Check an evidence package: every statement in it is recomputed from its logs and compared.

    ``replay``: also simulate its pixel again, which notices a package whose files were all changed alike.

    Raises:
        UnusableInput: no such package.
    """
    from nbtui.results.packages import VerificationResult, verified

    path = Path(package)
    if not path.exists():
        raise UnusableInput(f"{clean(str(path))}: no such package; name a directory such as reports/STAMP")
    return VerificationResult(path, verified(path, replay=replay))


def _diagnosing(wanted: bool | DiagnosisResult) -> Callable[[Case, Trace, Trace], Diagnosis] | None:
    """The diagnosis of a package: none, the given one, or one to be made."""
    if isinstance(wanted, bool):
        return _diagnosed if wanted else None
    from nbtui.results.diagnosis import diagnosis_of

    found = diagnosis_of(wanted)
    return lambda case, c, py: found


def _diagnosed(case: Case, c: Trace, py: Trace) -> Diagnosis:
    from nbtui.diagnosis.diagnose import diagnose as explained

    return explained(case, c, py)
