"""``nbtui bisect``: the commit of a port's history that made a log or an image differ."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbtui.commands.narration import Narration
from nbtui.commands.options import Request, case_options, json_option, package_option, reports_of, say
from nbtui.commands.run_options import Chosen, run_options, stopping
from nbtui.errors import NbtuiError, UnusableInput
from nbtui.regular_file import open_regular
from nbtui.schemas import labelled
from nbtui.trace.text import clean

if TYPE_CHECKING:
    import threading

    from nbtui.images.read import Picture
    from nbtui.results.images import ImageComparisonResult
    from nbtui.runs.bisect import Bisection, NeedsImage
    from nbtui.runs.bisect_gather import Judging
    from nbtui.runs.bisect_repository import Commit
    from nbtui.runs.bisect_rule import CommitEvidence, CommitJudgement, JudgedImage
    from nbtui.runs.known import KnownCommands

GOOD, BAD, SKIP, ABORT = 0, 1, 125, 128  # exit codes for git bisect run
_STEP = "--step"


class StepAborted(NbtuiError):
    """``--step`` cannot judge any commit; git bisect run stops at this exit code."""

    exit_code = ABORT


class BisectCommand(click.Command):
    """With ``--step``, every error has the exit code that stops git bisect run: 2 would mean a bad commit."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        step = _STEP in args
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if not step:
                raise
            raise StepAborted(f"{error.format_message()}; nothing was judged") from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.exceptions.Exit:
            raise
        except Exception as error:
            if not ctx.params.get("step"):
                raise
            raise StepAborted(f"{error}; nothing was judged") from error


@click.command("bisect", cls=BisectCommand)
@click.option("--good", metavar="COMMIT", help="Commit without the difference.")
@click.option("--bad", default="HEAD", show_default=True, metavar="COMMIT", help="Commit with the difference.")
@click.option("--field", default="", metavar="F", help="Judge this field alone.  [default: the whole log]")
@click.option("--image", is_flag=True, help="Judge images, not logs.")
@click.option(
    "--image-command",
    default="",
    metavar="CMD",
    help="Command that writes the float image {image}.  [default: the suspect command]",
)
@click.option("--gates", default="field", show_default=True, metavar="NAME", help="Gates of images: field or exact.")
@click.option(_STEP, is_flag=True, help="Judge the present checkout only, for git bisect run.")
@package_option
@json_option
@run_options
@case_options(judged=True)
def command(
    request: Request,
    chosen: Chosen,
    good: str | None,
    bad: str,
    field: str,
    image: bool,
    image_command: str,
    gates: str,
    step: bool,
    reports: Path | None,
    as_json: bool,
) -> int:
    """Find the commit of your port that made its log of CASE differ from the reference.

    The suspect command of CASE (as for nbtui run) runs on commits between --good and --bad, in a second checkout; your
    own is never touched. Both ends are checked first. A commit whose log cannot be judged is judged by its image, if
    it has one and images tell the ends apart, or passed over. Exit code 0: found, 1: only a range is known, whose
    commits cannot be judged.

    \b
    git bisect run nbtui bisect CASE --step     0 good, 1 bad, 125 cannot be judged, 128 and more: stop
    """
    known = chosen(request)
    asked = _Asked(known, field, image, image_command, gates)
    if step:
        return _step(request, asked)
    if good is None:
        raise UnusableInput("give --good COMMIT, a commit without the difference, or --step for git bisect run")
    from nbtui.runs.bisect import bisect
    from nbtui.runs.bisect_gather import gathered, in_second_checkout
    from nbtui.runs.bisect_repository import check_out, repository_of
    from nbtui.runs.log_making import RunStopped

    repository = repository_of(known.commands.run_in)
    ends = repository.commit(good, "--good"), repository.commit(bad, "--bad")
    judge = _ImageJudge(request, asked)
    with stopping() as stop, _scratch() as scratch, repository.second_checkout(ends[0]) as place:
        there = in_second_checkout(known, repository, place)
        try:
            with Narration() as narration:
                judging = _judging(request, asked, judge, narration, stop.event)

            def gather(commit: Commit, needs_image: NeedsImage) -> CommitEvidence:
                if stop.event.is_set():
                    raise RunStopped
                say(f"running {commit.name}")
                check_out(place, commit)
                return gathered(there, commit, judging, scratch / commit.sha, needs_image)

            found = bisect(repository, ends, gather, _report, field=field, image=image, fallback=asked.offers_images)
        except RunStopped:
            return stop.code
        kept = _package(request, asked, judging, judge, found, reports_of(request, reports))
    if as_json:
        click.echo(json.dumps(labelled("bisection", _as_object(found, kept)), allow_nan=False, indent=2))
    else:
        for line in _lines(found, kept):
            click.echo(line)
    return 0 if found.found else 1


@dataclass(frozen=True)
class _Asked:
    """The case and the options that judge it."""

    known: KnownCommands
    field: str
    image: bool
    image_command: str
    gates: str

    @property
    def offers_images(self) -> bool:
        """Whether images may judge: they are asked for, or the C program's own is there to compare with."""
        from nbtui.images.read import c_image_of

        case = self.known.case
        return self.image or bool(self.image_command) or c_image_of(case.folder, case.argv) is not None


class _ImageJudge:
    """Judges images against that of the case, which is read or simulated once."""

    def __init__(self, request: Request, asked: _Asked) -> None:
        from nbtui.images.metrics import GATES

        if asked.gates not in GATES:
            raise UnusableInput(f"--gates {clean(asked.gates)}: must be one of {', '.join(GATES)}")
        self._gates, self._case, self._settings = GATES[asked.gates], asked.known.case, request.settings()
        self._reference: Picture | None = None

    def __call__(self, path: Path) -> JudgedImage:
        """The judgement of one image."""
        from nbtui.runs.bisect_rule import JudgedImage

        found = self.compared(path)
        return JudgedImage(path, found.agrees, found.verdict)

    def compared(self, path: Path) -> ImageComparisonResult:
        """One image against that of the case."""
        from nbtui.images.metrics import compare_images
        from nbtui.images.read import read_image
        from nbtui.results.images import ImageComparisonResult, pair_of_case

        if self._reference is None:
            self._reference, yours = pair_of_case(path, self._case, self._settings, None)
        else:
            yours = read_image(path, self._reference.size)
        pair = self._reference, yours
        return ImageComparisonResult(compare_images(*pair), self._gates, pair)


def _judging(
    request: Request, asked: _Asked, judge: _ImageJudge, narration: Narration, cancel: threading.Event
) -> Judging:
    """The reference, made once with the user's own checkout, and the ways to judge."""
    from nbtui.runs.bisect_gather import Judging
    from nbtui.runs.perform import REFERENCES, no_output
    from nbtui.runs.reference import reference_of_run
    from nbtui.runs.run_list import run_list

    folder = run_list(asked.known).folder / REFERENCES
    reference = reference_of_run(
        asked.known, request.settings(), folder, heard=no_output, say=narration.say, cancel=cancel
    )
    traces = not (asked.image and asked.image_command)
    return Judging(reference, request.compare, judge, asked.image_command, traces, cancel)


def _step(request: Request, asked: _Asked) -> int:
    """Judge the present checkout; the exit code for git bisect run."""
    from nbtui.runs.bisect_gather import gathered
    from nbtui.runs.bisect_repository import repository_of
    from nbtui.runs.bisect_rule import BisectRule, CommitVerdict
    from nbtui.runs.log_making import RunStopped
    from nbtui.trace.fields import catalogue

    commit = repository_of(asked.known.commands.run_in).commit("HEAD", _STEP)
    rule = BisectRule(catalogue.canonical(asked.field), image=asked.image)
    with stopping() as stop, _scratch() as scratch, Narration() as narration:
        try:
            judging = _judging(request, asked, _ImageJudge(request, asked), narration, stop.event)
            found = rule.judged(gathered(asked.known, commit, judging, scratch / commit.sha, rule.needs_image))
        except RunStopped:
            return stop.code
    click.echo(f"{commit.name}: {found.verdict}: {clean(found.sentence)}")
    return {CommitVerdict.GOOD: GOOD, CommitVerdict.BAD: BAD, CommitVerdict.UNJUDGED: SKIP}[found.verdict]


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nbtui-bisect-runs-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _report(found: CommitJudgement, left: int) -> None:
    more = f"; {left} left" if left else ""
    say(f"{found.commit.short} {found.verdict}: {found.sentence}{more}")


def _package(
    request: Request, asked: _Asked, judging: Judging, judge: _ImageJudge, found: Bisection, root: Path
) -> Path:
    """The evidence of the first bad commit: a package of its log, or a folder with its image."""
    from nbtui.runs.bisect_rule import IMAGE

    note = f"first bad commit {found.bad.commit.name}; good: {found.good.commit.name}"
    if not found.found:
        note = f"bad commit {found.bad.commit.name}; good: {found.good.commit.name}; those between cannot be judged"
    if found.bad.by == IMAGE:
        from nbtui.results.images import IMAGES, evidence

        assert found.bad.evidence.image is not None
        return evidence(judge.compared(found.bad.evidence.image.path), root / IMAGES, note)
    from nbtui.evidence.write.export import ExportRequest, export

    evidence_of = found.bad.evidence
    head = f"# commit: {evidence_of.commit.sha}\n# command: {clean(asked.known.commands.suspect)}\n"
    log = evidence_of.log.with_name("port.log")
    with open_regular(evidence_of.log) as source, log.open("wb") as target:
        target.write(head.encode("utf-8", "replace"))
        shutil.copyfileobj(source, target)
    trace = judging.reference.trace
    c_log = None if trace.simulated else Path(trace.origin)
    return export(
        ExportRequest(
            case=replace(asked.known.case, c_log=c_log),
            settings=request.settings(),
            reports=root,
            c_log=c_log,
            py_log=log,
            profile=request.profile,
            tolerance=request.tolerance,
            allow_partial=request.allow_partial,
            profiles=request.configuration.profiles,
            note=note,
        )
    ).path


def _lines(found: Bisection, kept: Path) -> Iterator[str]:
    """The answer: the commit, or those that cannot be told apart; what moved there; the evidence."""
    if found.found:
        yield f"first bad commit: {found.bad.commit.name}"
    else:
        yield f"one of {len(found.suspects)} commits is the first bad one; the others cannot be judged:"
        yield from (f"  {commit.name}" for commit in found.suspects)
    yield f"rule: {found.rule}"
    yield f"good before it: {found.good.commit.name}"
    yield f"moved: {clean(found.moved)}"
    yield f"{len(found.judged)} commits were run"
    yield f"evidence: {clean(str(kept))}"


def _as_object(found: Bisection, kept: Path) -> dict[str, object]:
    return {
        "first_bad": found.bad.commit.sha if found.found else None,
        "suspects": [commit.sha for commit in found.suspects],
        "good": found.good.commit.sha,
        "bad": found.bad.commit.sha,
        "rule": str(found.rule),
        "moved": found.moved,
        "evidence": str(kept),
        "judged": [
            {
                "commit": one.commit.sha,
                "subject": clean(one.commit.subject),
                "verdict": str(one.verdict),
                "by": one.by,
                "sentence": clean(one.sentence),
            }
            for one in found.judged
        ],
    }
