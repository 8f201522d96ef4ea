"""Every item that is settled before any number is compared, each from a log or a folder that shows it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from nbtui.cli import main
from nbtui.diagnosis.diagnose import base_setup, diagnose
from nbtui.diagnosis.search.preflight import preflight
from nbtui.evidence.check.stale import seen_before
from nbtui.evidence.write.export import ExportRequest, export_package
from nbtui.live.cases import load_case
from nbtui.live.model import Case, Settings
from nbtui.parity.compare import compare
from nbtui.trace.model import Trace
from nbtui.trace.reading.reader import parse_lines, read_trace
from support.diagnosis_traces import changed, demo, demo_log, lines_of


def found(case: Case, c: Trace, py: Trace | None = None) -> str:
    """All sentences, on one line."""
    assert case.pixel is not None
    return " ".join(preflight(case, c, py or parse_lines(lines_of()), base_setup(case, case.pixel)))


def as_c(lines: Sequence[str], *more: str) -> Trace:
    return parse_lines([*more, *(line.replace("TRACE_PY", "TRACE_C", 1) for line in lines)], "c.log")


def own(tmp_path: Path, flags: dict[str, list[str]]) -> Case:
    """The demo in a folder of its own."""
    folder = tmp_path / "case"
    shutil.copytree(demo().workdir, folder)
    return replace(changed(flags), workdir=folder, folder=None, c_log=None, c_terms=None)


def test_the_demo_has_only_its_warning() -> None:
    assert preflight(demo(), demo_log(), parse_lines(lines_of()), base_setup(demo(), (12, 14))) == (
        "The C program warns: maximum dimension of sample is 315 A",
    )


def test_the_exchanged_pixel_is_dark_and_its_transpose_the_maximum() -> None:
    dark = [
        "TRACE_CONFIG: tracing pixel (spixel=14, fpixel=12)",
        "TRACE_C:beam_center_m=X:1 Y:1 pixel_mm:0.5",
        "max_I = 1000.5  at 0.00725 0.00625",  # metres, fast first: fast 14, slow 12
        "TRACE_C: I_pixel_final 1e-9",
    ]
    assert "Slow and fast mixed up? The image maximum" in " ".join(compare(parse_lines(dark), parse_lines([])).findings)


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("-distance", "121.5", "distance 120 mm instead of 121.5 mm"),
        ("-lambda", "1.25", "wavelength 1.2 A instead of 1.25 A"),
        ("-mosaic_dom", "9", "instead of 9"),
    ],
)
def test_a_c_log_of_another_command(flag: str, value: str, words: str) -> None:
    case = changed({flag: [value]})
    text = found(case, demo_log())
    assert "The C log contradicts this command line" in text and words in text


@pytest.mark.slow
def test_every_reference_log_shows_its_own_set_up(shared: Path) -> None:
    for folder in sorted((shared / "golden" / "cases").iterdir()):
        case = load_case(str(folder), workdir=shared / "golden" / "inputs")
        assert case.c_log is not None
        c = read_trace(case.c_log)
        assert not any("contradicts this command line" in text for text in preflight(case, c, c)), folder.name


def test_a_cache_that_is_read_silently(tmp_path: Path, here: Path) -> None:
    case = own(tmp_path, {})
    words = list(case.argv)
    at = words.index("-hkl")
    assert "no -hkl was given" not in found(case, demo_log())
    from nbsim.factors.table import load_structure_factors, write_cache
    from nbsim.options.options import Options
    from nbsim.options.quirks import Quirks

    table = load_structure_factors(Options(hkl_file=words[at + 1]), case.workdir, Quirks())[0]
    write_cache(case.workdir / "Fdump.bin", table)
    bare = replace(case, argv=(*words[:at], *words[at + 2 :]))
    assert "Structure factors come from Fdump.bin in the working directory: no -hkl was given." in found(
        bare, demo_log()
    )


def test_a_message_about_the_cache_is_explained() -> None:
    text = found(demo(), as_c(lines_of(), "reading Fs from Fdump.bin"))
    assert "from the cache Fdump.bin of an earlier run" in text and "stale_hkl_cache" in text


def test_comment_lines_that_c_counted_as_sources(tmp_path: Path) -> None:
    case = own(tmp_path, {"-sourcefile": ["beam.txt"]})
    (case.workdir / "beam.txt").write_text("-10 0 0 1 1.2e-10\n# a comment\n\n-10 0.01 0 1 1.2e-10\n")
    words = "1 of its 3 sources is a line of beam.txt without a position"  # C skips the empty line
    c, fewer = (as_c(lines_of(), f"created a total of {count} sources:") for count in (3, 2))
    py = parse_lines(lines_of())
    assert words in " ".join(preflight(case, c, py))
    assert words not in " ".join(preflight(case, fewer, py))
    (case.workdir / "beam.txt").write_text("-10 0 0 1 1.2e-10\n-10,0.01;0\n")
    assert "without a position" not in " ".join(preflight(case, as_c(lines_of(), "created a total of 2 sources:"), py))


def test_a_source_of_a_comment_line_is_simulated_as_c_does_and_found(tmp_path: Path) -> None:
    case = own(tmp_path, {"-sourcefile": ["beam.txt"], "-dmin": ["1.5"]})  # C culls sources of wavelength 0
    (case.workdir / "beam.txt").write_text("# x y z weight wavelength\n-10 0 0 1 1.2e-10\n-10 0.01 0 1 1.2e-10\n")
    reference = as_c(lines_of(case), "created a total of 3 sources:")
    suspect = parse_lines(lines_of(case, quirks=(("source_file_literal", False),)))
    answer = diagnose(case, reference, suspect)
    assert answer.hypotheses[0].ids == ("source_count",)
    assert "beam.txt:1: a source needs a finite position" not in " ".join(answer.preflight)


def test_a_command_line_that_only_c_accepts_is_diagnosed_with_a_notice() -> None:
    lax = changed({"-hdivsteps": ["0"], "-convention": ["MOSFLM"]})
    answer = diagnose(lax, demo_log(), parse_lines(lines_of(quirks=(("phi_carryover", False),), phi_mode="spec")))
    assert answer.hypotheses[0].ids == ("phi_carryover",)
    assert "read as in the C program: -hdivsteps 0 as not given" in answer.preflight
    assert "skipped, as in the C program: -convention MOSFLM" in answer.preflight


def test_a_unit_label_that_lies() -> None:
    lines = []
    for line in lines_of():
        if line.startswith("TRACE_PY: scattering_vec_A_inv "):
            line = "TRACE_PY: scattering_vec_A_inv " + " ".join(
                f"{float(word) * 1e-10:.15g}" for word in line.split()[2:]
            )
        lines.append(line)
    assert "scattering_vec" in found(demo(), demo_log(), parse_lines(lines))


def test_fields_of_one_side_only_are_listed() -> None:
    lines = [line for line in lines_of() if not line.startswith("TRACE_PY: F_cell ")]
    assert "Only in the C log" in found(demo(), demo_log(), parse_lines(lines))


# --- stale traces ----------------------------------------------------------------------------------------------------


def package(case: Case, reports: Path) -> Path:
    return export_package(ExportRequest(case=case, settings=Settings(), reports=reports, profile="full"))


def test_a_python_log_seen_before(tmp_path: Path, here: Path) -> None:
    first = package(demo(), tmp_path)
    (log,) = [path for path in first.glob("trace_py*.log") if "per_phi" not in path.name]
    copy = here / "mine.log"
    shutil.copyfile(log, copy)
    stale = (f"The Python log is identical to that of package {first.name}: is it stale?",)
    assert seen_before(demo(), demo_log(), read_trace(copy), tmp_path) == stale
    assert seen_before(demo(), demo_log(), read_trace(log), tmp_path) == ()  # its own package
    assert seen_before(demo(), demo_log(), parse_lines(lines_of()), tmp_path) == ()  # a live trace
    again = package(demo(), tmp_path) / log.name  # of the simulator, in a package: never stale
    assert again.read_bytes() == log.read_bytes()
    assert seen_before(demo(), demo_log(), read_trace(again), tmp_path) == ()
    copy.write_text(copy.read_text().replace("TRACE_PY: polar 0.", "TRACE_PY: polar 0.1"))
    assert seen_before(demo(), demo_log(), read_trace(copy), tmp_path) == ()


def test_a_python_log_of_an_old_package(tmp_path: Path, here: Path) -> None:
    old = tmp_path / "20260101T000000Z"
    old.mkdir()
    (old / "trace_py.log").write_text("\n".join(lines_of()) + "\n")
    (old / "summary.md").write_text("x\n")
    (here / "mine.log").write_text("\n".join(lines_of()) + "\n")
    said = seen_before(demo(), demo_log(), read_trace(here / "mine.log"), tmp_path)
    assert said == ("The Python log is identical to that of package 20260101T000000Z: is it stale?",)


def test_a_c_log_of_a_package_with_another_command(tmp_path: Path, here: Path) -> None:
    first = package(demo(), tmp_path)
    live = parse_lines(lines_of())
    (said,) = seen_before(changed({"-distance": ["130"]}), demo_log(), live, tmp_path)
    assert said.startswith(f"The C log is identical to that of package {first.name}, whose command differs")
    assert seen_before(demo(), demo_log(), live, tmp_path) == ()
    assert seen_before(demo(), demo_log(), live, tmp_path / "missing") == ()


def test_the_command_says_it(tmp_path: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = package(demo(), here / "reports")
    (log,) = [path for path in first.glob("trace_py*.log") if "per_phi" not in path.name]
    shutil.copyfile(log, here / "mine.log")
    assert main(["diagnose", "--py", str(here / "mine.log"), "demo"]) == 1
    assert f"identical to that of package {first.name}" in " ".join(capsys.readouterr().out.split())
