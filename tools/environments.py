"""Install nbtui in clean environments and try it there: ``make environments``.

    bare       the wheel with click, msgspec and watchfiles alone: logs are compared
    lean       the wheel without torch, as on a log server: every command reads, or names the remedy
    newest     the wheel with its extras and the newest versions of everything, and the quick tests of some rooms
    lowest     the lowest versions that pyproject.toml allows, and the same tests
    sdist      the source archive unpacked elsewhere, installed from there, and its own tests
    editable   this checkout

A plain torch for Linux is several gigabytes: set PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu, or name one
with ``--torch``. The environments, of the Python named by ``--python``, are removed at the end.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
LEAN = "requirements-lean.txt"
BARE = ("click", "msgspec", "watchfiles")
EXTRAS = ("images", "dask")
ROOMS = (
    "trace",
    "parity",
    "images",
    "commands",
    "project",
    "console/help",
    "console/test_driver_choice.py",
    "console/test_damage.py",
    "simulator/test_api.py",
    "simulator/test_golden_traces.py",
)
TESTERS = ("pytest", "pytest-asyncio", "hypothesis", "import-linter")
SMALL = "-default_F 1 -cell 30 40 50 90 90 90 -lambda 1 -distance 60 -detpixels 8 -N 2 -floatfile f.bin -nonoise -nopgm"


@dataclass(frozen=True)
class Built:
    """The archives, the requirement that stands for torch (None: as declared), the Python, and a folder to work in."""

    wheel: Path
    sdist: Path
    torch: str | None
    python: str
    folder: Path


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    def run(self, program: str, *words: str, cwd: Path | None = None, expect: int | None = 0) -> str:
        """Output of a program of the environment. SystemExit unless it ends with ``expect`` (None: any code)."""
        done = subprocess.run(
            [self.folder / "bin" / program, *words],
            cwd=cwd or self.folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        text = done.stdout + done.stderr
        if "Traceback" in text or expect not in (None, done.returncode):
            sys.exit(f"{self.folder.name}: {program} {' '.join(words)}: exit code {done.returncode}\n{text[-6000:]}")
        return text

    def install(self, *words: str) -> None:
        self.run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words, cwd=TOP)

    def megabytes(self) -> float:
        """Size of the installed packages without pip, setuptools and byte code."""
        files = (path for path in self.folder.glob("lib/python*/site-packages/**/*") if path.is_file())
        left_out = re.compile(r"/site-packages/(pip|setuptools|pkg_resources|_distutils_hack)|__pycache__")
        return sum(path.stat().st_size for path in files if not left_out.search(str(path))) / 1e6

    def version(self, package: str) -> str:
        code = f"import importlib.metadata as m; print(m.version({package!r}))"
        return self.run("python", "-c", code).strip()


def new(folder: Path, python: str) -> Environment:
    subprocess.run([python, "-m", "venv", folder], check=True)
    return Environment(folder)


def bare(built: Built) -> str:
    here = new(built.folder / "bare", built.python)
    here.install("--no-deps", str(built.wheel))
    here.install(*BARE)
    demo = _installed_demo(here)
    here.run("nbtui", "compare", "--c", str(demo / "trace_c.log"), "--py", str(demo / "trace_py.log"), expect=1)
    here.run("nbtui", "history", str(TOP / "reports"))
    return f"{here.megabytes():.0f} MB"


def lean(built: Built) -> str:
    here = new(built.folder / "lean", built.python)
    here.install("--no-deps", str(built.wheel))
    here.install("-r", str(TOP / LEAN))
    demo = _installed_demo(here)
    c, py, image, package = (
        str(path) for path in (demo / "trace_c.log", demo / "trace_py.log", demo / "image.npy", _package())
    )
    for expect, *words in (
        (0, "compare", "--c", c, "--py", c),
        (1, "open", c, py),
        (1, "demo"),
        (0, "images", image, image),
        (0, "verify", package),
        (0, "history", str(TOP / "reports")),
        (1, "diagnose", "--c", c, "--py", py),
        (0, "doctor"),
        (2, "terms", "demo"),
        (2, "export", "demo"),
    ):
        here.run("nbtui", *map(str, words), expect=int(str(expect)))
    if "pip install torch" not in here.run("nbsim", *SMALL.split(), expect=2):
        sys.exit("lean: nbsim does not tell how to install torch")
    return f"{here.megabytes():.0f} MB"


def newest(built: Built) -> str:
    here = new(built.folder / "newest", built.python)
    here.install(*_torch(built), f"{built.wheel}[{','.join(EXTRAS)}]", *TESTERS)
    _simulates(here)
    return f"{here.megabytes():.0f} MB, {_versions(here)}; {_tested(here, TOP)}"


def lowest(built: Built) -> str:
    here = new(built.folder / "lowest", built.python)
    named = _name(built.torch) if built.torch else ""
    testers = [one for one in declared("dev") if _name(one) in TESTERS]
    ranges = [*declared(), *(one for extra in EXTRAS for one in declared(extra)), *testers]
    bounds = [one.split(",")[0].replace(">=", "==") for one in ranges if _name(one) != named]
    here.install(*_torch(built), *bounds)
    here.install("--no-deps", str(built.wheel))
    _simulates(here)
    return f"{_versions(here)}; {_tested(here, TOP)}"


def sdist(built: Built) -> str:
    with tarfile.open(built.sdist) as archive:
        archive.extractall(built.folder / "unpacked", filter="data")
    (source,) = (built.folder / "unpacked").iterdir()
    missing = [one for one in tracked() if not (source / one).is_file()]
    if missing:
        sys.exit(f"sdist: without {', '.join(missing)}")
    here = new(built.folder / "sdist", built.python)
    here.install(*_torch(built), str(source), *TESTERS)
    _simulates(here)
    return _tested(here, source)


def editable(built: Built) -> str:
    here = new(built.folder / "editable", built.python)
    here.install(*_torch(built), "-e", str(TOP))
    _simulates(here)
    return here.run("nbtui", "--version").split(",")[0]


CHECKS: dict[str, Callable[[Built], str]] = {
    "bare": bare, "lean": lean, "newest": newest, "lowest": lowest, "sdist": sdist, "editable": editable
}  # fmt: skip


def declared(extra: str | None = None) -> list[str]:
    """The requirements of pyproject.toml, or of one of its extras."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    return list(project["dependencies"] if extra is None else project["optional-dependencies"][extra])


def tracked() -> list[str]:
    """Every file of the checkout, those of machines left out."""
    names = subprocess.run(["git", "-C", TOP, "ls-files"], capture_output=True, text=True, check=True).stdout
    return [name for name in names.splitlines() if not name.startswith(".ci/")]


def _name(requirement: str) -> str:
    return re.split(r"[<>=~!\[ ]", requirement, maxsplit=1)[0]


def _torch(built: Built) -> tuple[str, ...]:
    return (built.torch,) if built.torch else ()


def _installed_demo(here: Environment) -> Path:
    return next(here.folder.glob("lib/python*/site-packages/nbtui/demo"))


def _package() -> Path:
    return next((TOP / "reports").glob("2*Z"))


def _versions(here: Environment) -> str:
    return ", ".join(f"{name} {here.version(name)}" for name in map(_name, declared()))


def _simulates(here: Environment) -> None:
    """The demo in both phi modes, an image, and a package that verifies."""
    here.run("nbtui", "compare", "demo", expect=1)
    here.run("nbtui", "compare", "demo", "--phi-mode", "c-parity")
    here.run("nbsim", *SMALL.split())
    package = here.run("nbtui", "export", "demo", "--reports", "reports", expect=1).splitlines()
    if not any("reports" in line for line in package):
        sys.exit(f"{here.folder.name}: export names no package")
    here.run("nbtui", "verify", *map(str, (here.folder / "reports").glob("2*Z")))


def _tested(here: Environment, source: Path) -> str:
    """The last line of the quick tests of ROOMS, run in ``source``."""
    rooms = [f"tests/{room}" for room in ROOMS]
    text = here.run("python", "-m", "pytest", "-m", "not slow", "-p", "no:cacheprovider", *rooms, cwd=source)
    return text.strip().splitlines()[-1].strip("= ")


def build(folder: Path, torch: str | None, python: str) -> Built:
    """The archives of this checkout; the wheel is built from the source archive."""
    tools = new(folder / "build", python)
    tools.install("build")
    tools.run("python", "-m", "build", "--outdir", str(folder / "dist"), str(TOP))
    (wheel,), (archive,) = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
    return Built(wheel, archive, torch, python, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CHECKS)}; default: all")
    parser.add_argument("--torch", help="requirement such as torch==2.13.0, in place of the declared one")
    parser.add_argument("--python", default=sys.executable, help="of the environments, such as python3.12")
    asked = parser.parse_args()
    unknown = set(asked.names) - CHECKS.keys()
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}")
    with tempfile.TemporaryDirectory(prefix="nbtui-environments-") as folder:
        built = build(Path(folder), asked.torch or None, asked.python)
        for name in asked.names or CHECKS:
            print(f"{name}: {CHECKS[name](built)}", flush=True)


if __name__ == "__main__":
    main()
