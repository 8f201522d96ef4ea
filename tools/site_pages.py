"""Hooks of mkdocs: pages of the docs site that are made from other files, and links between pages.

README.md, CONTRIBUTING.md and CHANGELOG.md become pages. The commands come from the program itself, the Python
reference from the docstrings of the public names, in the order of the table in docs/api.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

TOP = Path(__file__).resolve().parents[1]
COPIED = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
_COMMANDS = """# Commands of nbtui

Made from the program itself; `nbtui COMMAND --help` and nbtui(1) have the same. The flags of `nbsim` are in
[flags.md](flags.md).

::: mkdocs-click
    :module: nbtui.cli
    :command: program
    :prog_name: nbtui
    :style: plain
    :depth: 1
    :list_subcommands: True
"""
_NBTUI = """# nbtui from Python: reference

Made from the docstrings. [python.md](python.md) shows the use.
"""
_NBSIM = """# nbsim from Python: reference

Made from the docstrings. [api.md](api.md) and [refinement.md](refinement.md) show the use. Every name is imported from
`nbsim`.
"""
_NBTUI_NAMES = {
    "Verbs": "nbtui.api: read_trace compare diagnose compare_images export verify simulate",
    "Results": "nbtui.api: TraceResult ComparisonResult FieldResult DiagnosisResult CauseResult ImageComparisonResult "
    "PackageResult VerificationResult FindingResult SimulationResult",
    "Errors": "nbtui.api: NbtuiError UnusableInput SimulationFailed NotWritten",
    "Taps": "nbtui.tap: trace current fields PixelTrace TapField TapError",
    "Fixture of pytest": "nbtui.assertion: ParityAssertion",
}


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the made pages."""
    made = {COPIED[name]: copied(name) for name in COPIED}
    made |= {"commands.md": _COMMANDS, "nbtui_api.md": nbtui_reference(), "nbsim.md": nbsim_reference()}
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Names of pages become links with their titles, and pictures of the console links to their full size."""
    if page.file.src_uri == "index.md":
        page.meta["hide"] = ["navigation"]
    titles = dict(titles_of(config.nav or []))
    return outside_code(markdown, lambda text: with_links(text, titles, page.file.src_uri))


def titles_of(nav: list[Any]) -> Iterator[tuple[str, str]]:
    """Path and title of every page of a navigation."""
    for entry in nav:
        for title, below in entry.items():
            yield from titles_of(below) if isinstance(below, list) else [(below, title)]


def copied(name: str) -> str:
    """A file of the top folder as a page: its links lead to the pages of the site."""
    text = (TOP / name).read_text("utf-8").replace("](docs/", "](")
    for other, page in COPIED.items():
        text = text.replace(f"]({other})", f"]({page})")
    return text


def with_links(text: str, titles: Mapping[str, str], here: str) -> str:
    """Text with a titled link wherever it names a page, and a link around every picture of the console."""

    def named(match: re.Match[str]) -> str:
        name, anchor = match["linked"] or match["bare"], match["anchor"] or ""
        if name not in titles or (name == here and not anchor):
            return match[0]
        return f"[{titles[name]}]({name}{anchor})"

    link = r"\[(?:docs/)?(?P<linked>\w+\.md)\]\((?P=linked)(?P<anchor>#[\w-]+)?\)"
    text = re.sub(link + r"|(?<![\w/\[`])(?<!\]\()docs/(?P<bare>\w+\.md)(?![\w`\]])", named, text)
    return re.sub(r"!\[([^\]]*)\]\((screens/[\w-]+\.svg)\)", r"[![\1](\2)](\2)", text)


def outside_code(markdown: str, change: Callable[[str], str]) -> str:
    """Markdown with ``change`` applied to everything but fenced code."""
    parts = re.split(r"(^ *```.*?^ *```$)", markdown, flags=re.M | re.S)
    return "".join(part if index % 2 else change(part) for index, part in enumerate(parts))


def nbtui_reference() -> str:
    """The page of nbtui's public names."""
    parts = [_NBTUI]
    for title, row in _NBTUI_NAMES.items():
        module, _, names = row.partition(": ")
        parts.append(f"\n## {title}\n\n")
        parts += [f"::: {module}.{name}\n\n" for name in names.split()]
    return "".join(parts)


def nbsim_reference() -> str:
    """The page of nbsim's public names, by the rows of the table in docs/api.md."""
    parts = [_NBSIM]
    for title, names in nbsim_rows():
        parts.append(f"\n## {title[0].upper()}{title[1:]}\n\n")
        parts += [f"::: nbsim.{name}\n\n" for name in names]
    return "".join(parts)


def nbsim_rows() -> Iterator[tuple[str, list[str]]]:
    """Title and names of every row of "Public names" in docs/api.md."""
    table = (TOP / "docs" / "api.md").read_text("utf-8").partition("## Public names")[2]
    for names, title in re.findall(r"^\| (`.+?) \| ([^|]+) \|$", table, re.M):
        yield title.strip(), re.findall(r"`(\w+)`", names)
