"""Parity as an assertion in the tests of a port: a log or an image against the reference."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nbtui import api
from nbtui.errors import NbtuiError, UnusableInput
from nbtui.evidence.layout import C_LOG, PER_PHI, PYTHON_LOG
from nbtui.trace.text import clean

if TYPE_CHECKING:
    from nbtui.results.comparison import ComparisonResult
    from nbtui.results.diagnosis import DiagnosisResult
    from nbtui.results.given import CaseName, Log
    from nbtui.results.images import ImageComparisonResult
    from nbtui.results.packages import PackageResult

PACKAGE = "nbtui_package"  # property of a test's report
_WIDTH = 110  # columns of the table
_LINES = 24  # of the table


@dataclass(frozen=True, repr=False)
class ParityAssertion:
    """The function behind the fixture ``assert_parity``.

    Attributes:
        test: name of the test, for the note of a package.
        here: directory in which the user started the tests; commands are meant for it.
        scratch: folder of the test, for logs and images that are not files.
        reports: folder for the evidence of failures; None: none is kept.
        record: receives ("nbtui_package", path), for the report of the test.
    """

    test: str
    here: Path
    scratch: Path
    reports: Path | None
    record: Callable[[tuple[str, object]], None]

    def __call__(
        self,
        given: object,
        case: CaseName | None = None,
        *,
        profile: str = "",
        reference: object = None,
        tolerance: float | None = None,
        allow_partial: bool = False,
        pixel: tuple[int, int] | None = None,
        c_program: str = "",
        workdir: str | os.PathLike[str] | None = None,
    ) -> ComparisonResult | ImageComparisonResult:
        """Assert that a log or an image agrees with the reference; return the comparison.

        Args:
            given: a trace log (path or text), or an image (path, array or tensor, slow index first).
            case: as CASE on the command line, or a nanoBragg command line.
            profile: tolerance profile of a log, or gates of an image (field, exact).
            reference: the C log or the C image; default: that of the case, else the case simulated as ``c_program``.
            tolerance: of a log, as in `nbtui.api.compare`.
            allow_partial: of a log, likewise.
            pixel: of a log, likewise.

        Raises:
            AssertionError: they differ; with the table, the first cause and a command that shows more.
            NbtuiError: an input is unusable, or the reference could not be simulated.
        """
        __tracebackhide__ = True
        from nbtui.results.images import is_image

        where = Where(case, pixel, c_program, workdir)
        try:
            if not is_image(given):
                rules = LogRules(profile, tolerance, allow_partial)
                found, text = self._of_log(log_given(given), log_given(reference), where, rules)
            elif tolerance is not None or allow_partial or pixel is not None:
                raise UnusableInput("tolerance, allow_partial and pixel belong to a log, not to an image")
            else:
                found, text = self._of_image(given, reference, where, profile or "field")
        except NbtuiError as error:
            raise error.with_traceback(None) from None
        if text:
            raise AssertionError(text)
        return found

    def __repr__(self) -> str:
        return "assert_parity"

    def _shown(self, path: str | os.PathLike[str]) -> str:
        """A path as the user can type it."""
        full = Path(path).absolute()
        return str(full.relative_to(self.here)) if full.is_relative_to(self.here) else str(full)

    def _of_log(
        self, log: Log | None, reference: Log | None, where: Where, rules: LogRules
    ) -> tuple[ComparisonResult | ImageComparisonResult, str]:
        """The comparison of a log, and the text of a failure; empty where it agrees."""
        if log is None:
            raise UnusableInput("no log and no image given")
        found = api.compare(
            log,
            where.case,
            reference=reference,
            profile=rules.profile,
            tolerance=rules.tolerance,
            allow_partial=rules.allow_partial,
            pixel=where.pixel,
            c_program=where.c_program,
            workdir=where.workdir,
        )
        if found:
            return found, ""
        answer, cause = _explained(log, reference, where)
        kept, package = self._package(log, reference, where, rules, answer)
        simulated = found.sides[0] != "C"  # the command simulates the reference, too
        if kept is not None:
            files = [] if simulated else [kept.path / C_LOG]
            files += [path for path in kept.path.glob(f"{PYTHON_LOG}*.log") if not path.match(f"*{PER_PHI}")]
            self.record((PACKAGE, str(kept.path)))
        else:
            kept_logs = map(self._file, [log] if simulated or reference is None else [reference, log])
            files = [path for path in kept_logs if path is not None]
        command = where.command(["nbtui", *(["open"] if files else []), *map(self._shown, files)], rules.words())
        lines = found.table(_WIDTH, only_differing=True).splitlines()
        more = [f"({len(lines) - _LINES} more lines)"] if len(lines) > _LINES else []
        return found, "\n".join([*lines[:_LINES], *more, "", *cause, *package, f"open it: {command}"])

    def _package(
        self, log: Log, reference: Log | None, where: Where, rules: LogRules, answer: DiagnosisResult | None
    ) -> tuple[PackageResult | None, list[str]]:
        """The package of a failure, and a line on it; a failed export leaves the failure of the test as it is."""
        if self.reports is None:
            return None, []
        if where.case is None:
            return None, ["package: none, it needs a case"]
        try:
            kept = api.export(
                log,
                where.case,
                reference=reference,
                reports=self.reports,
                profile=rules.profile,
                tolerance=rules.tolerance,
                allow_partial=rules.allow_partial,
                diagnosis=False if answer is None else answer,
                note=f"failed test {self.test}",
                pixel=where.pixel,
                c_program=where.c_program,
                workdir=where.workdir,
            )
        except NbtuiError as error:
            return None, [f"package: none, {clean(str(error))}"]
        return kept, [f"package: {clean(self._shown(kept.path))}"]

    def _file(self, log: Log) -> Path | None:
        """The file of a log, a text becoming one in the folder of the test; None for a simulation."""
        from nbtui.results.given import given_log

        return given_log(log).kept(self.scratch)

    def _of_image(
        self, image: object, reference: object, where: Where, gates: str
    ) -> tuple[ComparisonResult | ImageComparisonResult, str]:
        """The comparison of an image, and the text of a failure; empty where it agrees."""
        from nbtui.results.images import IMAGES, evidence

        found = api.compare_images(
            image,
            where.case,
            reference=reference,
            profile=gates,
            c_program=where.c_program,
            workdir=where.workdir,
        )
        if found:
            return found, ""
        root = self.scratch if self.reports is None else self.reports
        folder = evidence(found, root / IMAGES, f"failed test {self.test}")
        self.record((PACKAGE, str(folder)))
        place = found.max_abs_diff_at
        numbers = [
            f"correlation {found.correlation}, ratio of sums {found.sum_ratio}, RMSE {found.rmse:.6g}",
            f"largest difference {found.max_abs_diff:.6g}" + (f" at slow {place[0]} fast {place[1]}" if place else ""),
        ]
        pair = [self._shown(folder / name) for name in ("reference.npy", "image.npy")]
        command = shlex.join(["nbtui", "images", *pair, "--gates", gates])
        told = [f"pictures and numbers: {clean(self._shown(folder))}", f"compare again: {command}"]
        return found, "\n".join([found.verdict, *(f"  {one}" for one in found.findings), *numbers, "", *told])


@dataclass(frozen=True)
class Where:
    """A case with what may replace its own facts."""

    case: CaseName | None
    pixel: tuple[int, int] | None
    c_program: str
    workdir: str | os.PathLike[str] | None

    def command(self, begin: Sequence[str], more: Sequence[str]) -> str:
        """A command of nbtui on this case."""
        from nbtui.results.given import name_or_flags

        name, flags = (None, None) if self.case is None else name_or_flags(self.case)
        words = [*begin, *([] if name is None else [name])]
        words += ["--pixel", *map(str, self.pixel)] if self.pixel is not None else []
        words += ["--c-program", self.c_program] if self.c_program else []
        words += ["--workdir", os.fspath(self.workdir)] if self.workdir is not None else []
        return clean(shlex.join([*words, *more, *([] if flags is None else ["--", *flags])]))


@dataclass(frozen=True)
class LogRules:
    """The judgement of a log."""

    profile: str
    tolerance: float | None
    allow_partial: bool

    def words(self) -> list[str]:
        """The same as options of a command."""
        profile = ["--profile", self.profile] if self.profile else []
        tolerance = ["--tolerance", repr(self.tolerance)] if self.tolerance is not None else []
        return [*profile, *tolerance, *(["--allow-partial"] if self.allow_partial else [])]


def log_given(given: object) -> Log | None:
    """A log as nbtui.api takes it. Raises UnusableInput for anything else."""
    from nbtui.results.logs import TraceResult
    from nbtui.results.simulation import SimulationResult

    if given is None or isinstance(given, str | os.PathLike | TraceResult | SimulationResult):
        return given
    raise UnusableInput(f"{type(given).__name__}: neither a log (path or text) nor an image (path, array or tensor)")


def _explained(log: Log, reference: Log | None, where: Where) -> tuple[DiagnosisResult | None, list[str]]:
    """The diagnosis, and lines on its first cause; an impossible diagnosis leaves the comparison as it is."""
    try:
        answer = api.diagnose(
            log,
            where.case,
            reference=reference,
            pixel=where.pixel,
            c_program=where.c_program,
            workdir=where.workdir,
        )
    except NbtuiError as error:
        return None, [f"cause: no diagnosis was possible: {clean(str(error))}"]
    if not answer.causes:
        return answer, [f"cause: {answer.headline}"]
    best = answer.causes[0]
    return answer, [f"cause: {answer.headline}", f"  {best.summary}", *(f"  remedy: {one}" for one in best.remedies)]
