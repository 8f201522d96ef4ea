"""The verdict on one command line: a pure function of the job and the plan, for any process on any machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import nbtui
from nbtui.errors import NbtuiError, UnusableInput
from nbtui.images.metrics import AGREES, ImageComparison, check_sizes, compare_images
from nbtui.images.pick import brightest_pixels, worst_pixel
from nbtui.images.read import Picture
from nbtui.live.cases import input_names
from nbtui.live.images import Photons
from nbtui.live.model import Case
from nbtui.parity.compare import compare
from nbtui.parity.model import Comparison
from nbtui.runs.entry import facts_of
from nbtui.sweep.axes import Choice, applied, followed
from nbtui.sweep.contents import content_hash
from nbtui.sweep.gradients import judge_gradients
from nbtui.sweep.plan import GRADIENTS, IMAGE, STORED, TRACE, PixelRule, Plan, on_command
from nbtui.sweep.port_run import PortRun, SimulatedCase, program_settings, reference_of, run_port
from nbtui.sweep.rows import Answer, SweepRow, changes_of
from nbtui.trace.model import Trace, TraceError
from nbtui.trace.text import clean

_KEY = 24  # digits


@dataclass(frozen=True)
class Job:
    """One command line to judge: a case of the plan with choices put in."""

    case: str  # its name
    choices: tuple[Choice, ...]
    state: str  # hash of the plan, without the choices


def plan_state(plan: Plan, sources: str = "") -> str:
    """A hash of everything but the choices that a verdict on the only case depends on.

    ``sources``: the state of the port's files.
    """
    case, port = plan.case, plan.port
    lines = (case.argv, *(words for axis in plan.axes for words in axis.fixed))
    files = sorted({name for words in lines for _, name in input_names(words)})
    log = content_hash(case.c_log) if plan.reference == STORED and case.c_log is not None else None
    content = [
        nbtui.__version__,
        [case.name, case.argv, case.pixel, [(name, content_hash(case.workdir / name)) for name in files]],
        [port.suspect, port.program, sorted(port.rename.items()), port.environment, str(port.run_in), port.shell],
        port.seconds,
        [plan.reference, log, plan.c_program, str(plan.pixels), plan.profile],
        sources,
    ]
    return hashlib.sha256(json.dumps(content, default=str).encode("utf-8", "surrogateescape")).hexdigest()


def row_key(job: Job, check: str, rank: int) -> str:
    """The key of a row: of the job, the check, and the rank of its pixel."""
    content = json.dumps([job.state, changes_of(job.choices), check, rank])
    return hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()[:_KEY]


def judge(job: Job, plan: Plan, scratch: Path) -> Iterator[tuple[SweepRow, str]]:
    """The rows of a job, each with the port's log where a trace diverges (empty otherwise).

    Args:
        scratch: folder for the files of the run.

    Raises:
        UnusableInput: the base command or the suspect command is unusable, whatever the choices.
        OSError: a file cannot be written.
    """
    own = plan.of(job.case)
    argv = applied(own.case.argv, job.choices) if job.choices else own.case.argv
    with_choices = on_command(own.case, followed(argv) if own.port.suspect else argv)
    return _Judging(job, own, with_choices, scratch).rows()


@dataclass(frozen=True)
class _Judging:
    job: Job
    plan: Plan
    case: Case
    scratch: Path

    @cached_property
    def _reference(self) -> SimulatedCase:
        return SimulatedCase(self.case, self.plan.c_program)

    @cached_property
    def _port(self) -> SimulatedCase:
        """nbsim in place of a port; as the same C program, it is the same experiment."""
        same = self.plan.port.program == self.plan.c_program
        return self._reference if same else SimulatedCase(self.case, self.plan.port.program)

    def rows(self) -> Iterator[tuple[SweepRow, str]]:
        checks, rule = self.plan.checks, self.plan.pixels
        try:
            image = self._reference.image() if IMAGE in checks or rule.by_image else None
            pixels = self._pixels(image)
        except NbtuiError as error:
            for check in checks:
                yield self._row(check, 0, None, Answer.NO_REFERENCE, detail=str(error)), ""
            return
        agrees, worst = False, None
        for rank, pixel in enumerate(pixels if TRACE in checks else pixels[:1]):
            pictured = image if IMAGE in checks and rank == 0 else None
            for row, log in self._of_pixel(rank, replace(self.case, pixel=pixel), pictured):
                yield row, log
                agrees |= row.check == TRACE and row.answer is Answer.AGREES
                if row.check == IMAGE and row.answer is Answer.DIVERGES:
                    worst = row.pixel
        if rule.rule is PixelRule.ALL and agrees and worst not in (None, *pixels):
            yield from self._of_pixel(1, replace(self.case, pixel=worst), None)

    def _pixels(self, image: Photons | None) -> tuple[tuple[int, int], ...]:
        rule = self.plan.pixels
        if rule.rule is PixelRule.GRID:
            return grid_pixels(self._reference.shape, rule.number)
        if image is not None and rule.by_image:
            found = brightest_pixels(image, rule.number)
            if not found:
                raise UnusableInput("the image of the reference is empty: no pixel is above 0")
            return found
        if self.case.pixel is None:
            raise UnusableInput("the base command names no pixel (-trace_pixel SLOW FAST)")
        return (self.case.pixel,)

    def _of_pixel(self, rank: int, case: Case, image: Photons | None) -> Iterator[tuple[SweepRow, str]]:
        checks = self.plan.checks
        try:
            reference = reference_of(self.plan, case, self.scratch, self._reference)
        except (NbtuiError, TraceError) as error:
            for check in checks if rank == 0 else (TRACE,):
                yield self._row(check, rank, case.pixel, Answer.NO_REFERENCE, detail=str(error)), ""
            return
        folder = self.scratch / "suspect"
        run = run_port(self.plan, case, reference, self._compare, folder, self._port, image=image is not None)
        if TRACE in checks:
            row = self._traced(rank, case.pixel, run)
            yield row, run.log if row.answer is Answer.DIVERGES else ""
        if image is not None:
            yield self._pictured(case.pixel, image, run), ""
        if GRADIENTS in checks and rank == 0:
            row = self._differentiated(case, run)
            yield row, run.log if row.answer is Answer.DIVERGES else ""

    def _compare(self, reference: Trace, suspect: Trace) -> Comparison:
        return compare(reference, suspect, self.plan.profile)

    def _traced(self, rank: int, pixel: tuple[int, int] | None, run: PortRun) -> SweepRow:
        if run.failure is not None or run.comparison is None:
            answer = run.failure or Answer.NO_TRACE
            return self._row(TRACE, rank, pixel, answer, detail=run.detail, seconds=run.seconds)
        found = run.comparison
        row = self._row(TRACE, rank, pixel, Answer.DIVERGES, seconds=run.seconds)
        if found.first_divergence is None and not found.agrees:
            few = f"too little in common: {found.fields_common} of {found.fields_judged} fields are in both traces"
            return replace(row, answer=Answer.NO_TRACE, detail=few)
        if found.agrees:
            row = replace(row, answer=Answer.AGREES)
        return replace(row, roots=_roots(found), **facts_of(found)._asdict())

    def _pictured(self, pixel: tuple[int, int] | None, image: Photons, run: PortRun) -> SweepRow:
        if run.image is None:
            answer = run.failure or Answer.NO_IMAGE
            detail = run.detail or "the port wrote no image; its command needs {command}, or {image} as its file"
            return self._row(IMAGE, 0, pixel, answer, detail=detail, seconds=run.seconds)
        ours = Picture("reference", image, "simulated")
        try:
            check_sizes(ours, run.image)
            found = compare_images(ours, run.image)
        except NbtuiError as error:
            return self._row(IMAGE, 0, pixel, Answer.DIVERGES, detail=str(error), seconds=run.seconds)
        worst = worst_pixel(ours.as_floats(), run.image.as_floats())
        if worst is None:
            row = self._row(IMAGE, 0, pixel, Answer.AGREES, seconds=run.seconds)
        else:
            row = self._row(IMAGE, 0, worst, Answer.DIVERGES, detail=_beyond(found), seconds=run.seconds)
        ratio = found.sum_ratio
        return replace(
            row,
            gap=None if ratio is None else ratio - 1.0,
            differing=found.beyond + found.only_one,
            shared=found.compared,
        )

    def _differentiated(self, case: Case, run: PortRun) -> SweepRow:
        if run.failure is not None or run.trace is None:
            answer = run.failure or Answer.NO_GRADIENTS
            return self._row(GRADIENTS, 0, case.pixel, answer, detail=run.detail, seconds=run.seconds)
        try:
            found = judge_gradients(case, program_settings(self.plan.c_program), run.trace, self.plan.profile)
        except NbtuiError as error:
            return self._row(GRADIENTS, 0, case.pixel, Answer.NO_REFERENCE, detail=str(error), seconds=run.seconds)
        row = self._row(GRADIENTS, 0, case.pixel, found.answer, detail=found.detail, seconds=run.seconds)
        first = f"gradient {found.wrong[0]}" if found.wrong else ""
        return replace(row, roots=found.wrong, first=first, differing=len(found.wrong), shared=found.compared)

    def _row(
        self,
        check: str,
        rank: int,
        pixel: tuple[int, int] | None,
        answer: Answer,
        *,
        detail: str = "",
        seconds: float = 0.0,
    ) -> SweepRow:
        return SweepRow(
            key=row_key(self.job, check, rank),
            case=self.job.case,
            check=check,
            changes=changes_of(self.job.choices),
            command=self.case.argv,
            pixel=pixel,
            answer=answer,
            detail=clean(detail),
            seconds=round(seconds, 3),
        )


def grid_pixels(shape: tuple[int, int], number: int) -> tuple[tuple[int, int], ...]:
    """(slow, fast) of the centres of ``number`` x ``number`` equal parts of a detector, each pixel once."""
    slow, fast = ([int((2 * at + 1) * size / (2 * number)) for at in range(number)] for size in shape)
    return tuple(dict.fromkeys((one, other) for one in slow for other in fast))


def _beyond(found: ImageComparison) -> str:
    """How many pixels of an image differ, in words."""
    words = [f"{found.beyond} pixels differ by more than {AGREES:g} of their value"] if found.beyond else []
    words += [f"{found.only_one} pixels are not finite"] if found.only_one else []
    return "; ".join(words)


def _roots(found: Comparison) -> tuple[str, ...]:
    """The fields that differ without a differing input, of those that reach the pixel."""
    return tuple(dict.fromkeys(tally.field for tally in found.overview.tallies if tally.new and tally.reaching))
