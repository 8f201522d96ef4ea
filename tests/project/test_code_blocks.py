"""Every code block of the pages is checked: here, by the test of its page, or it is listed with the reason why not."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click
import pytest
from jsonschema import Draft202012Validator

from nbsim import flag_named
from nbsim.options.own import OWN
from nbtui import schemas
from nbtui.cli import COMMANDS, program
from nbtui.settings import load
from nbtui.sweep.plan_file import KEYS as PLAN_KEYS
from small_port.fixes import FIXES
from support.places import TOP

PAGES = [TOP / name for name in ("README.md", "CONTRIBUTING.md", "reports/README.md")] + sorted(
    path for path in (TOP / "docs").glob("*.md") if path.name != "sentences.md"
)

# (page, language) -> the test that runs these blocks
RUN_BY = {
    ("api.md", "python"): "simulator/test_api.py",
    ("refinement.md", "python"): "simulator/refinement/test_page.py",
    ("python.md", "python"): "api/test_python_page.py",
    ("python.md", "py"): "api/test_python_page.py",
    ("traces.md", "python"): "trace/test_traces_page.py",
    ("traces.md", "c"): "trace/test_traces_page.py",
    ("gradients.md", "python"): "project/test_code_blocks.py",
    ("architecture.md", "text"): "project/test_architecture.py",
    ("quirks.md", "text"): "project/test_quirks_page.py",
}
# (page, beginning of the block) -> the test that compares it with a run
OUTPUT = {
    ("tutorial.md", "run "): "runs/test_tutorial.py",
    ("bisect.md", "$ git log --oneline"): "runs/test_bisect_page.py",
    ("architecture.md", "git grep"): "project/test_architecture.py",
    ("python.md", "E   AssertionError"): "api/test_pytest_plugin.py",
    ("sides.md", "LIVE is"): "diagnosis/test_diagnosis_zoo.py",
    ("sides.md", "I_before_scaling"): "diagnosis/test_diagnosis_zoo.py",
    ("ci_gate.md", "::error"): "ci/test_ci_page.py",
    ("stock_c.md", "$ nbtui compare"): "parity/test_stock_page.py",
}
# (page, beginning of the block) -> the tool that makes it again: minutes
RECORDED = dict.fromkeys(
    re.findall(r'\("(\w+\.md)", "([^"]+)"\): \w+,', (TOP / "tools" / "recordings.py").read_text("utf-8")),
    "tools/recordings.py",
)
# (page, beginning of the block) -> why no test runs it
NOT_RUN = {
    ("README.md", "make demo"): "installs; CI runs make test, `make environments` the rest",
    ("README.md", 'python -c "from textual_serve'): "tests/console/test_browser.py serves the console in this way",
    ("README.md", "# pip"): "installs from registries: `make environments`",
    ("README.md", "pip install --no-deps"): "installs from registries: `make environments`",
    ("architecture.md", "flags, files"): "a drawing",
    (
        "bisect.md",
        "$ git bisect start",
    ): "git's own command with `nbtui bisect --step`, which tests/runs/test_bisect.py runs",
    ("diagnosis.md", "explained:"): "the form of a headline: tests/diagnosis/test_answer_words.py",
    ("packages.md", "ssh-keygen"): "tests/evidence/test_signature.py verifies with ssh-keygen's own words",
    ("tutorial.md", "mkdir trial"): "copies the port, as the test of the page does",
}
# words of a shell that are checked otherwise
OTHER_PROGRAMS = ("make", "pip", "uv", "pipx", "conda", "python", "git", "ssh-keygen", "#", "$", "export", "dask")


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    page: str
    language: str
    text: str

    @property
    def key(self) -> tuple[str, str]:
        """Page and language."""
        return self.page, self.language


@cache
def blocks() -> tuple[Block, ...]:
    """The blocks of all pages, in order."""
    return tuple(
        Block(page.name, language, text)
        for page in PAGES
        for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    )


def listed(table: dict[tuple[str, str], str], block: Block) -> str:
    """The entry of a block in a table by page and beginning."""
    found = (
        what for (page, start), what in table.items() if page == block.page and block.text.strip().startswith(start)
    )
    return next(found, "")


def commands_of(text: str) -> list[list[str]]:
    """The words of every line of a text that calls nbtui or nbsim, up to ``--``, a pipe or a comment."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        line = re.sub(r"^\s*(?:- )?(?:run: )?(?:\$ )?", "", line)
        if not re.match(r"nb(?:tui|sim) ", line):
            continue
        for part in re.split(r", (?=nbtui )", line.split("  ")[0]):  # README: a command, spaces, its meaning
            words = shlex.split(part.translate(str.maketrans("[]|", "   ")), comments=True)
            stop = next((at for at, word in enumerate(words) if word in ("--", ">", "<")), len(words))
            found.append(words[:stop])
    return found


def fault_of(words: list[str]) -> str:
    """What is wrong with the options of a command line; empty for nothing."""
    name, *rest = words
    if name == "nbsim":
        known = {one.name for one in OWN} | {"--help"}
        wrong = [word for word in rest if re.match(r"-+[A-Za-z]", word) and word not in known and not flag_named(word)]
        return f"no such flag: {wrong}" if wrong else ""
    subcommand = rest[0] if rest and rest[0] in COMMANDS else "console"
    command = program.get_command(click.Context(program), subcommand)
    assert command is not None
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    options |= {"--help", "-h", "--version", "--debug", "--resume"}
    wrong = [word for word in rest if re.match(r"-+[A-Za-z]", word) and word.partition("=")[0] not in options]
    return f"{subcommand} has no {wrong}" if wrong else ""


def is_checked_here(block: Block) -> bool:
    """Whether one of the tests below checks the block."""
    if block.language in ("toml", "json", "yaml", "bash") or (block.page, block.language) == ("tutorial.md", "python"):
        return True
    if (block.page, block.language) == ("sweeps_on_clusters.md", "python"):
        return True
    return not block.language and bool(commands_of(block.text))


def test_every_block_has_a_check() -> None:
    assert len(blocks()) > 90
    without = [
        f"{block.page}: {block.text.strip().splitlines()[0]}"
        for block in blocks()
        if block.key not in RUN_BY
        and not any(listed(table, block) for table in (OUTPUT, RECORDED, NOT_RUN))
        and not is_checked_here(block)
    ]
    assert without == []


def test_every_entry_of_the_tables_is_of_a_block() -> None:
    for page, language in RUN_BY:
        assert any(block.key == (page, language) for block in blocks()), (page, language)
    for page, start in (*OUTPUT, *RECORDED, *NOT_RUN):
        assert any(listed({(page, start): "x"}, block) for block in blocks()), (page, start)


@pytest.mark.parametrize(("page", "test"), sorted({(page, test) for (page, _), test in (RUN_BY | OUTPUT).items()}))
def test_the_test_of_a_page_reads_it(page: str, test: str) -> None:
    assert f'"{page}"' in (TOP / "tests" / test).read_text("utf-8") or f"docs/{page}" in (
        TOP / "tests" / test
    ).read_text("utf-8")


def test_command_lines_have_options_that_exist() -> None:
    texts = [(block.page, block.text) for block in blocks() if not block.language or block.language in ("yaml", "bash")]
    for page in PAGES:
        prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)
        texts += [(page.name, " ".join(code.split())) for code in re.findall(r"`(nb(?:tui|sim) [^`]+)`", prose)]
    found = [(page, words) for page, text in texts for words in commands_of(text)]
    assert len(found) > 150
    assert [f"{page}: {' '.join(words)}: {fault_of(words)}" for page, words in found if fault_of(words)] == []


def test_a_wrong_command_line_is_seen() -> None:
    assert fault_of(["nbtui", "compare", "--no-such"]) and fault_of(["nbsim", "-no_such"])
    assert not fault_of(["nbtui", "compare", "demo", "--json"]) and not fault_of(["nbsim", "-cell", "3", "--compat"])


@pytest.mark.parametrize("block", [block for block in blocks() if block.language == "toml"], ids=lambda b: b.page)
def test_settings_and_plans_are_read(block: Block, here: Path) -> None:
    if "[axes]" in block.text:
        assert set(tomllib.loads(block.text)) <= set(PLAN_KEYS)
        return
    (here / "nbtui.toml").write_text(block.text, encoding="utf-8")
    settings = load()
    table = tomllib.loads(block.text)
    assert Draft202012Validator(json.loads(schemas.text("settings"))).is_valid(table)
    assert set(settings.cases) >= set(table.get("cases", {}))


@pytest.mark.parametrize("block", [block for block in blocks() if block.language == "json"], ids=lambda b: b.page)
def test_objects_name_a_schema_and_its_keys(block: Block) -> None:
    found = json.loads(block.text)
    name = found["schema"].removeprefix("nbtui.")
    assert found["schema_version"] == schemas.VERSIONS[name]
    assert set(found) <= set(json.loads(schemas.text(name))["properties"])


def test_scripts_of_a_scheduler_are_scripts() -> None:
    scripts = [block for block in blocks() if block.text.startswith("#!/bin/bash")]
    assert scripts
    for block in scripts:
        subprocess.run([shutil.which("bash") or "sh", "-n"], input=block.text, text=True, check=True)


def test_python_that_needs_a_cluster_compiles() -> None:
    for block in blocks():
        if block.key == ("sweeps_on_clusters.md", "python"):
            compile(block.text, block.page, "exec")


def test_corrections_of_the_tutorial_are_those_of_the_port() -> None:
    texts = "\n".join(block.text for block in blocks() if block.key == ("tutorial.md", "python"))
    lines = [line.split("  #")[0].strip() for line in texts.splitlines() if "# wrong" in line or "# as in" in line]
    assert set(lines) == {piece.strip() for pair in FIXES.values() for piece in pair}


def test_gradients_of_a_port_are_printed_as_shown(here: Path) -> None:
    import torch

    from nbtui import tap
    from nbtui.api import read_trace

    (block,) = (block for block in blocks() if block.key == ("gradients.md", "python"))
    cell = torch.tensor([4.0, 5.0, 6.0, 80.0, 90.0, 100.0], dtype=torch.float64, requires_grad=True)
    misset = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)

    class Model:
        def __call__(self, cell: torch.Tensor, misset: torch.Tensor) -> dict[tuple[int, int], torch.Tensor]:
            return {(685, 1039): (cell**2).sum() * misset.sum()}

    exec(block.text, {"tap": tap, "torch": torch, "model": Model(), "cell": cell, "misset": misset})
    log = read_trace("py.log")
    assert log["gradient.cell_a"] == 48.0 and log["gradient.misset_x"] == float((cell.detach() ** 2).sum())
