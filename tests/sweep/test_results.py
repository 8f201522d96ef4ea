"""Rows on disk, the reduction of a command line, and findings."""

from __future__ import annotations

import math
import shlex
from dataclasses import replace
from pathlib import Path

from nbtui.sweep.explain import Explained
from nbtui.sweep.findings import findings
from nbtui.sweep.rows import Answer, RowFile, SweepRow
from nbtui.sweep.shrink import shrink

ROW = SweepRow(
    key="a" * 24,
    case="base",
    check="trace",
    changes=(("-phi", ("-phi", "0")), ("-N", ())),
    command=("-cell", "40", "-phi", "0"),
    pixel=(3, 4),
    answer=Answer.DIVERGES,
    first="rot_a_angstroms.x",
    stage="Crystal",
    roots=("rot_a_angstroms",),
    gap=-0.1,
    differing=3,
    shared=20,
    seconds=1.5,
)


def test_rows_survive_the_file(tmp_path: Path) -> None:
    file = RowFile(tmp_path / "deep" / "rows.jsonl")
    other = replace(ROW, key="b" * 24, gap=math.inf, pixel=None, answer=Answer.HUNG, detail="no end")
    file.append([ROW, other])
    file.append([ROW])
    assert list(file.read()) == [ROW, other]


def test_a_killed_writer_costs_one_line(tmp_path: Path) -> None:
    file = RowFile(tmp_path / "rows.jsonl")
    file.append([ROW])
    with file.path.open("ab") as stream:
        stream.write(b'{"format": 1, "key": "cccc')
    other = replace(ROW, key="b" * 24)
    file.append([other])
    assert list(file.read()) == [ROW, other]


def test_reduction_finds_the_two_flags_that_matter() -> None:
    text = (
        "-cell 40 50 60 82 97 108 -misset 11.25 7 23 -default_F 100 -N 8 -phi 5.125 -osc 0.6 -phisteps 12 "
        "-mosaic 0.4 -mosaic_domains 5 -distance 120 -nopolar -nonoise"
    )

    def fails(words: tuple[str, ...]) -> bool:
        if not {"-cell", "-phisteps", "-misset"} <= set(words):
            return False
        return int(words[words.index("-phisteps") + 1]) > 1

    made = shrink(tuple(shlex.split(text)), fails, 60)
    assert fails(made.command)
    assert [word for word in made.command if word in ("-cell", "-misset", "-phisteps")] == [
        "-cell",
        "-misset",
        "-phisteps",
    ]
    assert len([word for word in made.command if word.startswith("-")]) == 3
    assert made.command[made.command.index("-phisteps") + 1] == "2"
    assert made.runs <= 60


def test_a_value_that_became_the_usual_one_goes() -> None:
    """With seven steps the wavelength has to differ from the program's 1 Angstrom, with few steps it does not."""

    def fails(words: tuple[str, ...]) -> bool:
        given = dict(zip(words[::2], words[1::2], strict=True))
        steps = int(given.get("-phisteps", 1))
        return steps > 1 and (float(given.get("-lambda", 1)) != 1.0 or steps <= 3)

    assert shrink(("-lambda", "1.24", "-phisteps", "7"), fails, 60).command == ("-phisteps", "2")


def test_a_last_word_that_c_skips_can_be_what_matters() -> None:
    """The stock program skips a last -curved_det, and another program does not."""
    command = ("-lambda", "1.2", "-N", "5", "-curved_det")
    assert shrink(command, lambda words: words[-1:] == ("-curved_det",), 60).command == ("-curved_det",)
    assert shrink(command, lambda words: "-N" in words, 60).command == ("-N", "1")


def test_reduction_stops_at_its_bound() -> None:
    command = tuple(shlex.split("-cell 40 50 60 82 97 108 -N 8 -phi 5 -osc 1 -distance 120"))
    made = shrink(command, lambda words: True, most_runs=1)
    assert made.runs == 1


def explained(key: str, *causes: str, axes: tuple[str, ...] = (), gap: float = -0.1) -> Explained:
    changes = tuple((axis, (axis, "1")) for axis in axes)
    return Explained(replace(ROW, key=key, changes=changes, gap=gap), causes, True, f"{key} is wrong.")


def test_rows_with_the_same_cause_are_one_finding() -> None:
    found = findings(
        [
            explained("one", "misset_order", axes=("-misset",), gap=-0.2),
            explained("two", "misset_order", "polar_axis", axes=("-misset", "-polar"), gap=0.9),
            explained("three", "polar_axis", axes=("-polar", "-lambda"), gap=0.01),
        ]
    )
    by_group = {one.group: one for one in found}
    assert set(by_group) == {"misset_order", "polar_axis"}
    assert len(by_group["misset_order"].members) == 2
    assert by_group["misset_order"].flags == ("-misset",)
    assert by_group["misset_order"].worst_gap == -0.2  # the other row has a second cause
    assert by_group["polar_axis"].simplest.row.key == "three"


def test_other_failures_are_grouped_by_their_words() -> None:
    refused = replace(ROW, answer=Answer.REFUSED, detail="exit status 1: -twotheta 12 is not ported")
    rows = [
        Explained(replace(refused, key="one"), (), False, refused.detail),
        Explained(replace(refused, key="two", detail="exit status 1: -twotheta 9 is not ported"), (), False, ""),
    ]
    (found,) = findings(rows)
    assert found.answer is Answer.REFUSED and len(found.members) == 2


def test_an_image_is_a_finding_where_no_trace_tells_the_cause() -> None:
    image = Explained(replace(ROW, key="image", check="image"), (), False, "9 pixels differ")
    assert [one.group for one in findings([image])] == ["image"]
    assert [one.group for one in findings([image, explained("one", "pivot", axes=("-phi", "-N"))])] == [
        "image",
        "pivot",
    ]
    same = replace(explained("one", "pivot").row, changes=ROW.changes)
    assert [one.group for one in findings([image, Explained(same, ("pivot",), True, "")])] == ["pivot"]


def test_a_finding_needs_the_flags_of_its_row_with_the_fewest_choices() -> None:
    rows = [explained("one", "pivot", axes=("-phi", "-N")), explained("two", "pivot", "misset_order")]
    by_group = {one.group: one for one in findings([*rows, explained("three", "misset_order", axes=("-misset",))])}
    assert by_group["pivot"].flags == () == by_group["misset_order"].flags  # the base command has both
    assert by_group["pivot"].simplest.row.key == "two"


def test_causes_of_the_print_follow_those_of_the_pixel() -> None:
    rows = [explained("one", "tap_pixel_centre"), explained("two", "pivot", axes=("-phi", "-N"))]
    assert [one.group for one in findings(rows)] == ["pivot", "tap_pixel_centre"]
