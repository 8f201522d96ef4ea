"""Reading packages: ours, real ones of older tools, and garbage; nothing raises and nothing is changed."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbtui.evidence.read import package as package_module
from nbtui.evidence.read.chain_metrics import ENTRIES, TABLES
from nbtui.evidence.read.folder import find_packages, read_json, stamp_time
from nbtui.evidence.read.legacy import phi_mode_of, run_time
from nbtui.evidence.read.package import NEW, OLD, read_package
from support.evidence_packages import copied, new_package, old_package
from support.places import TOP

# pixel, mode, relative delta of I_before_scaling: from the logs and summaries of the three real packages
REAL = {
    "20251007T222548Z": ("c-parity", -0.0020731195543110333),
    "20251008T043438Z": ("spec", -0.21925886692054686),
    "20251008T044933Z": ("c-parity", -0.08725647973338758),
}


@pytest.mark.parametrize("stamp", REAL)
def test_a_real_old_package_tells_what_it_knows(shared: Path, stamp: str) -> None:
    package = read_package(shared / "legacy_bundles" / stamp)
    mode, delta = REAL[stamp]
    assert (package.format, package.case, package.pixel) == (OLD, "supervisor", (685, 1039))
    assert (package.phi_mode, package.dtype, package.device) == (mode, "float32", "cpu")
    assert package.first_divergence == "I_before_scaling"
    assert package.relative_delta == delta
    assert package.agrees is False
    assert dict(package.environment)["torch"] == "2.8.0+cu128"
    for name in ("trace_c.log", "terms.csv", "env.json"):
        assert any(name in gap.sentence for gap in package.lacks), name


def test_what_each_real_package_lacks_is_named(shared: Path) -> None:
    lacks = {
        stamp: " ".join(gap.sentence for gap in read_package(shared / "legacy_bundles" / stamp).lacks) for stamp in REAL
    }
    assert "git SHA" in lacks["20251008T044933Z"]
    assert "git SHA" not in lacks["20251008T043438Z"] + lacks["20251007T222548Z"]
    assert "no per-phi log" in lacks["20251007T222548Z"]
    assert "no per-phi log" not in lacks["20251008T043438Z"]
    assert "phi mode is not stated" in lacks["20251008T043438Z"]  # its commands.txt has no --phi-mode


def test_a_stamp_in_local_time_is_found_out_by_the_runs_own_record(shared: Path) -> None:
    package = read_package(shared / "legacy_bundles" / "20251007T222548Z")
    assert package.time is not None
    assert package.time.isoformat().startswith("2025-10-08T05:27:15")  # 22:27:15 at UTC-7
    assert any("not UTC" in gap.sentence for gap in package.lacks)


@pytest.mark.parametrize("recorded", ["", "yesterday", "2025-10-08T04:35:00", "0001-01-01T00:00:00+14:00"])
def test_a_record_without_a_usable_time_is_no_record(recorded: str) -> None:
    assert run_time("20251008T043438Z", recorded) == (None, "")


def test_the_phi_mode_is_read_off_the_steps() -> None:
    assert phi_mode_of({"per_phi_entries": [{"k_frac": -0.5}, {"k_frac": -0.55}, {"k_frac": -0.5}]}) == "c-parity"
    assert phi_mode_of({"per_phi_entries": [{"k_frac": -0.5}, {"k_frac": -0.55}]}) == "spec"
    assert phi_mode_of({"per_phi_entries": [{"k_frac": -0.5}]}) == ""
    assert phi_mode_of({"per_phi_entries": [{}, {"k_frac": 1}]}) == ""


def test_one_of_ours(tmp_path: Path) -> None:
    package = read_package(new_package(tmp_path, "20260101T000000Z", phi_steps=1))
    assert (package.format, package.case, package.pixel, package.phi_mode) == (NEW, "toy", (3, 4), "spec")
    assert package.relative_delta == pytest.approx(-0.1)
    assert package.verdict.startswith("first divergence I_before_scaling")
    factor = package.factor("polar")
    assert factor is not None and factor.status == "PASS"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"factors": [1]}',
        '{"factors": {"a": 3}, "pixel": {"slow": "x"}}',
        "[" * 100_000,
        "\0\xff",
    ],
)
def test_garbage_in_metrics_is_named_and_the_rest_is_read(tmp_path: Path, content: str) -> None:
    folder = old_package(tmp_path, "20260101T000000Z")
    (folder / "metrics.json").write_bytes(content.encode("latin-1"))
    package = read_package(folder)
    assert (package.case, package.pixel) == ("toy", (3, 4))
    assert package.relative_delta == pytest.approx(-0.1)  # from the table of the summary
    assert package.first_divergence == "I_before_scaling"
    assert any("summary.md" in gap.sentence for gap in package.lacks)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["metrics.json", "summary.md", "commands.txt", "sha256.txt", "env.json"]), data=st.binary())
def test_no_content_of_any_file_raises(tmp_path: Path, name: str, data: bytes) -> None:
    folder = tmp_path / "20260101T000000Z"
    if not folder.exists():
        new_package(tmp_path, folder.name)
    before = (folder / name).read_bytes() if (folder / name).exists() else None
    (folder / name).write_bytes(data)
    read_package(folder)
    assert (folder / name).read_bytes() == data
    if before is not None:
        (folder / name).write_bytes(before)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=6,
    ),
    key=st.sampled_from(["factors", "pixel", "case", "first_divergence", "relative_delta", "verdict", "trace_sha256"]),
)
def test_no_value_of_any_key_raises(tmp_path: Path, key: str, value: object) -> None:
    folder = tmp_path / "20260101T000000Z"
    folder.mkdir(exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps({"schema": 1, key: value}))
    read_package(folder)


def test_a_pipe_with_the_name_of_a_file_does_not_block(tmp_path: Path) -> None:
    folder = old_package(tmp_path, "20260101T000000Z")
    (folder / "metrics.json").unlink()
    os.mkfifo(folder / "metrics.json")
    assert any("metrics.json" in gap.sentence for gap in read_package(folder).lacks)


def test_nothing_there_is_no_error(tmp_path: Path) -> None:
    package = read_package(tmp_path / "nowhere")
    assert (package.files, package.agrees, package.factors) == ((), None, ())


def test_reading_changes_nothing(shared: Path, tmp_path: Path) -> None:
    folder = copied(shared / "legacy_bundles" / "20251008T043438Z", tmp_path)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    read_package(folder)
    assert before == {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_packages_are_found_nested_and_half_built_ones_are_not(tmp_path: Path) -> None:
    one = new_package(tmp_path, "20260101T000000Z")
    two = old_package(tmp_path / "2025-10" / "phase_l", "20260101T000000Z")
    (tmp_path / ".20260101T000001Z.building").mkdir()
    (tmp_path / ".20260101T000001Z.building" / "metrics.json").write_text("{}")
    (tmp_path / "20260101T000002Z").mkdir()  # empty: somebody's first step
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)  # a circle
    assert sorted(find_packages(tmp_path)) == sorted([one, two])
    assert list(find_packages(tmp_path / "nowhere")) == []


@pytest.mark.parametrize("name", ["20261399T000000Z", "20260101T000000", "20260101t000000z", " 20260101T000000Z"])
def test_what_is_no_stamp(name: str) -> None:
    assert stamp_time(name) is None


def test_bare_nan_is_read_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    path.write_text('{"a": NaN, "b": -Infinity}')
    value, problem = read_json(path)
    assert value["b"] == float("-inf")
    assert "NaN" in problem


class Asked(dict[str, object]):
    """An object that knows which of its entries were asked for."""

    def __init__(self, content: dict[str, object]) -> None:
        super().__init__(content)
        self.keys_asked: set[object] = set()

    def get(self, key: object, default: object = None) -> object:
        self.keys_asked.add(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.keys_asked.add(key)
        return super().__contains__(key)


def test_an_index_reads_the_entries_that_a_package_is_made_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = new_package(tmp_path, "20260101T000000Z")
    of_this_schema, of_the_next = Asked(read_json(package / "metrics.json")[0]), Asked({"schema_version": 2})
    for metrics in (of_this_schema, of_the_next):
        monkeypatch.setattr(package_module, "chain_metrics", lambda contents, found=metrics: (found, ""))
        read_package(package, chain_only=True)
    assert of_this_schema.keys_asked | of_the_next.keys_asked == {*ENTRIES, *TABLES}


@pytest.mark.parametrize("name", ["new", "real"])
def test_an_index_shows_a_package_as_reading_it_whole_does(tmp_path: Path, name: str) -> None:
    package = new_package(tmp_path, "20260101T000000Z") if name == "new" else next((TOP / "reports").glob("*/"))
    index, whole = read_package(package, chain_only=True), read_package(package)
    names = [factor.name for factor in index.factors]
    assert names and replace(whole, factors=tuple(f for f in whole.factors if f.name in names)) == index
