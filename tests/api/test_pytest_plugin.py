"""The pytest plugin, in test suites of its own: a port's tests as pytest runs them."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from nbtui import api
from nbtui.cli import main
from support.places import DEMO, TOP

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "nbtui.pytest_plugin", "-p", "no:cacheprovider")
C = "TRACE_C: F_cell 100\\nTRACE_C: F_latt 3\\nTRACE_C: I_pixel_final 4\\n"
MINE = "TRACE_PY: F_cell 100\\nTRACE_PY: F_latt 2.5\\nTRACE_PY: I_pixel_final 3\\n"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The log of a port whose vectors are fresh at phi = 0.

    It also loads torch and the libraries of a verification before pytester, which forgets what is imported later.
    """
    simulated = api.simulate("demo")
    assert api.verify(api.export(simulated, "demo", reports=tmp_path_factory.mktemp("reports")))
    return "\n".join(simulated.lines)


@pytest.fixture
def suite(log: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder for a test suite with the port's log, and no settings of the person who runs the tests."""
    (pytester.path / "py.log").write_text(log)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(pytester.path / "config"))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester


def test_the_entry_point_names_the_module() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"nbtui": "nbtui.pytest_plugin"}
    assert not any(name.startswith("pytest") for name in project["dependencies"])


def test_a_suite_without_the_fixture_loads_nothing(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import sys

        def test_nothing():
            loaded = {name for name in sys.modules if name.startswith("nbtui")}
            assert loaded == {"nbtui", "nbtui.pytest_plugin"}
            assert not {"torch", "numpy", "textual", "click"} & set(sys.modules)
        """
    )
    suite.runpytest_subprocess(*PLUGIN).assert_outcomes(passed=1)


def test_agreement_returns_the_comparison(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        f"""
        import numpy as np

        def test_log(assert_parity):
            assert assert_parity("{MINE}", reference="{C}", tolerance=0.3).gap == -0.25

        def test_image(assert_parity):
            image = np.load({str(DEMO / "image.npy")!r})
            assert assert_parity(image, "demo", profile="exact").max_abs_diff == 0.0
            assert assert_parity({str(DEMO / "image.npy")!r}, reference=image).agrees
        """
    )
    suite.runpytest_subprocess(*PLUGIN).assert_outcomes(passed=2)


@pytest.mark.slow
def test_a_failure_shows_table_cause_and_command_and_leaves_a_package(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        def test_log(assert_parity):
            assert_parity("py.log", "demo")
        """
    )
    done = suite.runpytest_subprocess(*PLUGIN, "--nbtui-reports", "kept", "--junitxml", "junit.xml")
    done.assert_outcomes(failed=1)
    text = done.stdout.str()
    done.stdout.fnmatch_lines(
        [
            '>       assert_parity("py.log", "demo")',
            "E       AssertionError: FIRST DIVERGENCE  rot_a_angstroms.x*",
            "E       # rot_a_angstroms.x*",
            "E       cause: explained: phi_carryover (probability *",
            "E         remedy: *",
            "E       package: kept/20*Z",
            "E       open it: nbtui open kept/20*Z/trace_c.log kept/20*Z/trace_py_scaling_cpu.log demo",
        ]
    )
    (shown,) = re.findall(r"```\n(E .*?)```", (TOP / "docs" / "python.md").read_text("utf-8"), re.S)
    printed = [" ".join(line.split()) for line in text.splitlines()]
    for line in shown.splitlines():  # the page's call leaves no package: its last line names other paths
        begins = " ".join(line.removesuffix("...").split())
        assert any(one.startswith(begins) for one in printed) or "open it" in line
    assert "assertion.py" not in text and "api.py" not in text
    (package,) = (suite.path / "kept").iterdir()
    assert api.verify(package).outcome == "incomplete"  # its diagnosis is not repeated
    summary = (package / "summary.md").read_text()
    assert "failed test test_a_failure_shows" in summary and "phi_carryover" in summary
    properties = ElementTree.parse(suite.path / "junit.xml").iter("property")
    assert [(one.get("name"), one.get("value")) for one in properties] == [("nbtui_package", str(package))]
    command = text.split("open it: nbtui ")[1].splitlines()[0].split()
    assert main(command) == 1  # without a terminal it prints the comparison


def test_the_tests_of_the_page_run_with_a_port(suite: pytest.Pytester) -> None:
    (block,) = re.findall(r"```py\n(.*?)```", (TOP / "docs" / "python.md").read_text("utf-8"), re.S)
    port = f"""
        import shutil
        import numpy as np

        def run_my_port(*words, out):
            assert words == ("--trace", "12", "14")
            text = open({str(DEMO / "trace_c.log")!r}).read()
            out.write_text(text.replace("TRACE_C", "TRACE_PY"))

        class my_port:
            @staticmethod
            def image():
                return np.load({str(DEMO / "image.npy")!r})
        """
    suite.makepyfile(f"{textwrap.dedent(port)}\n\n{block}")
    suite.runpytest_subprocess(*PLUGIN).assert_outcomes(passed=2)


def test_a_text_without_a_case_is_kept_for_the_command(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        f"""
        def test_log(assert_parity):
            assert_parity("{MINE}", reference="{C}")
        """
    )
    done = suite.runpytest_subprocess(*PLUGIN, "--nbtui-reports", "kept")
    done.stdout.fnmatch_lines(["E       # F_latt*", "E       package: none, it needs a case"])
    command = done.stdout.str().split("open it: nbtui ")[1].splitlines()[0].split()
    assert [Path(word).is_file() for word in command[1:]] == [True, True] and main(command) == 1
    assert not (suite.path / "kept").exists()


def test_an_image_leaves_pictures_and_a_command(suite: pytest.Pytester) -> None:
    np.save(suite.path / "mine.npy", 1.5 * np.load(DEMO / "image.npy"))
    suite.makepyfile(
        """
        def test_image(assert_parity):
            assert_parity("mine.npy", "demo")
        """
    )
    done = suite.runpytest_subprocess(*PLUGIN, "--nbtui-reports", "kept")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["E       AssertionError: DIFFER (field gates): ratio of sums 1.5*"])
    (folder,) = (suite.path / "kept" / "images").iterdir()
    names = {"reference.npy", "image.npy", "c.png", "python.png", "difference.png", "images.json", "summary.txt"}
    assert {path.name for path in folder.iterdir()} == names
    assert main(done.stdout.str().split("compare again: nbtui ")[1].splitlines()[0].split()) == 1


def test_unusable_input_is_one_sentence_not_a_divergence(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest
        from nbtui.api import UnusableInput

        def test_missing(assert_parity):
            assert_parity("no-such.log", "demo")

        @pytest.mark.parametrize("given", [None, 3, [[1.0]]])
        def test_other(assert_parity, given):
            with pytest.raises(UnusableInput):
                assert_parity(given, "demo")

        def test_tolerance(assert_parity):
            with pytest.raises(UnusableInput, match="belong to a log"):
                assert_parity("mine.npy", "demo", tolerance=1.0)
        """
    )
    done = suite.runpytest_subprocess(*PLUGIN)
    done.assert_outcomes(failed=1, passed=4)
    done.stdout.fnmatch_lines(["E       nbtui.errors.UnusableInput: no-such.log: no such file*"])


@pytest.mark.slow
def test_workers_at_the_same_time_leave_folders_of_different_names(suite: pytest.Pytester) -> None:
    """What pytest-xdist does, which need not be installed: several processes with one --nbtui-reports."""
    np.save(suite.path / "mine.npy", 1.5 * np.load(DEMO / "image.npy"))
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("turn", range(3))
        def test_image(assert_parity, turn):
            assert_parity("mine.npy", "demo")
        """
    )
    words = [sys.executable, "-m", "pytest", "-q", *PLUGIN, "--nbtui-reports", "kept"]
    running = [
        subprocess.Popen([*words, f"--basetemp=work{n}"], cwd=suite.path, stdout=subprocess.DEVNULL) for n in range(2)
    ]
    assert [process.wait() for process in running] == [1, 1]
    folders = list((suite.path / "kept" / "images").iterdir())
    assert len(folders) == 6 and all(len(list(folder.iterdir())) == 7 for folder in folders)
