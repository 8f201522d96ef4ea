"""Every reader with inputs that it knows, and a call that reads one more. What a reader may do is checked here."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import shutil
import struct
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from fuzz.package_index import indexes, package, read_index
from fuzz.sweep_files import SWEEP_FILES, content, drawn
from nbtui.errors import NbtuiError
from nbtui.trace.model import TraceError

TESTS = Path(__file__).parents[1]
CORPUS = Path(__file__).parent / "corpus"
CODES_OF_NBTUI = (0, 1, 2, 4, 5)  # 3 is a failed simulation, or a fault of nbtui
CODES_OF_NBSIM = (0, 2, 4)


@dataclass(frozen=True)
class Reader:
    """``read`` gets the path of an input; ``known`` are inputs to begin with."""

    name: str
    known: Callable[[], list[bytes]]
    read: Callable[[Path], None]


class Fault(Exception):
    """A reader has done what it must not do."""


def shown(texts: Iterable[str]) -> None:
    """Every text that may reach a terminal is printable."""
    for text in texts:
        if not text.replace("\n", "").isprintable():
            bad = next(char for char in text if char != "\n" and not char.isprintable())
            raise Fault(f"a control character reaches the terminal: {bad!r} in {text[:200]!r}")


@contextlib.contextmanager
def refused(*errors: type[Exception]):
    """One of our own errors is an answer, if it can be printed."""
    try:
        yield
    except errors as error:
        shown([str(error)])


def command(main: Callable[[list[str]], int], words: list[str], codes: tuple[int, ...]) -> str:
    """Run a command line in this process: a known exit code, printable output, no warning."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResourceWarning)
        code = main(words)
    if code not in codes or "Traceback" in err.getvalue() or "bug in" in err.getvalue():
        raise Fault(f"exit code {code}: {err.getvalue()[:300]}")
    shown([out.getvalue(), err.getvalue()])
    return out.getvalue()


def nbtui_command(*words: str) -> str:
    from nbtui.cli import main

    return command(main, list(words), CODES_OF_NBTUI)


def nbsim_command(*words: str) -> str:
    from nbsim.cli import main

    return command(main, list(words), CODES_OF_NBSIM)


@cache
def logs() -> tuple[bytes, ...]:
    """Logs of all dialects."""
    folders = [TESTS / "data" / "golden" / "cases", TESTS / "data" / "stock", TESTS / "data" / "traces"]
    whole = [path.read_bytes() for folder in folders for path in sorted(folder.rglob("*.log"))]
    early = (
        b"TRACE: Pixel (64, 79) [slow, fast]\nTRACE: omega (sr) = 1e-7\nTRACE: final intensity = 3.5 photons\n"
        b"TRACE: hkl_frac [1.1, 2.2, 3.3]\n"
    )
    per_phi = json.dumps(
        {"pixel": {"slow": 1, "fast": 2}, "per_phi_entries": [{"phi_tic": 0, "F_latt": 2.5}, {"phi_tic": 1}]}
    )
    sources = (
        b"TRACE_C_SOURCE0: weight 1\nTRACE_PY_SOURCE 1: wavelength 1e-10\nTRACE_C_TRICUBIC_GRID_START\n"
        b"TRACE_C_TRICUBIC: [1, 2, 3] = 5.5\nTRACE_C_TRICUBIC_H_COORDS: 1 2 3 4\nTRACE_C_ROTSTAR phi_tic=0 a_x=1\n"
        b"TRACE_C_TERM source=0 phi_tic=1 h=1.5 F_cell=3\nTRACE_CONFIG: spixel = 3, fpixel = 4\n"
    )
    python = [text.replace(b"TRACE_C", b"TRACE_PY") for text in whole[:2]]
    return (*whole, *python, early, per_phi.encode(), sources, b"final intensity = 1.25e-07\n", gzip.compress(early))


def read_log(path: Path) -> None:
    import re

    from nbtui.trace.reading.lines import FileLines, search
    from nbtui.trace.reading.reader import read_trace

    with refused(TraceError):
        trace = read_trace(path)
        shown([trace.origin, *(notice.text for notice in trace.notices), *(text for _, text in trace.unknown)])
        shown(record.text for record in trace.records)
        shown(record.name for record in trace.records)
        shown(str(value) for record in trace.records for value in record.values)
        shown(record.text for record in trace.phi)
    with refused(TraceError):
        lines = FileLines(path)
        try:
            lines.index()
            shown(lines.window(max(1, lines.count - 50), 60))
            search(lines, re.compile("TRACE"))
        finally:
            lines.close()


def compare_logs(path: Path) -> None:
    known = path.with_name("c.log")
    known.write_bytes(logs()[0])
    nbtui_command("compare", "--c", str(known), "--py", str(path))
    nbtui_command("compare", "--c", str(path), "--py", str(known), "--json")


def diagnose_logs(path: Path) -> None:
    known = path.with_name("c.log")
    known.write_bytes(logs()[0])
    nbtui_command("diagnose", "--c", str(known), "--py", str(path))


@cache
def images() -> tuple[bytes, ...]:
    made = []
    for array in (np.arange(12.0, dtype="f4").reshape(3, 4), np.ones((3, 4), dtype="u2"), np.full((3, 4), np.nan)):
        with io.BytesIO() as stream:
            np.save(stream, array)
            made.append(stream.getvalue())
    for kind, letter in (("unsigned_short", "H"), ("float", "f"), ("signed_long", "i")):
        header = f"{{\nHEADER_BYTES=512;\nBYTE_ORDER=little_endian;\nTYPE={kind};\nSIZE1=4;\nSIZE2=3;\n}}\f".encode()
        made.append(header.ljust(512) + struct.pack(f"<12{letter}", *range(12)))
    return (*made, struct.pack("<12f", *range(12)), struct.pack("<16d", *range(16)))


def read_images(path: Path) -> None:
    known = path.with_name("known.npy")
    np.save(known, np.arange(12.0, dtype="f4").reshape(3, 4))
    nbtui_command("images", str(known), str(path), "--size", "3", "4")


SETTINGS = (
    b'profile = "full"\nreports = "r"\n[cases.one]\ncommand = "nanoBragg -N 3"\npixel = [1, 2]\n[cases.two]\n'
    b'folder = "x"\nc_log = "y"\n[profiles.mine]\nbase = "full"\n[keys]\nquit = "x"\n',
    b'compat = false\nc_program = "stock"\n[c_programs.mine]\nbase = "stock"\n',
)


def read_settings(path: Path) -> None:
    shutil.copyfile(path, path.with_name("nbtui.toml"))
    nbtui_command("config")


COMMANDS = (
    b"nanoBragg -cell 30 40 50 90 90 90 -lambda 1 -N 3 -distance 100 -detpixels 6 -pixel 3 -default_F 10 "
    b"-trace_pixel 2 3 -phisteps 2 -osc 1 -mosaic_domains 2 -mosaic_spread 1\n",
    b"-cell 30 40 50 90 90 90 -lambda 1 -N 2 -distance 100 -detpixels 6 -default_F 1 "
    b"-printout_pixel 3 2 \\\n -oversample 2",
)


def read_command(path: Path) -> None:
    folder = path.with_name("case")
    folder.mkdir(exist_ok=True)
    shutil.copyfile(path, folder / "command.txt")
    from nbtui.live.cases import load_case

    with refused(NbtuiError, TraceError):
        load_case(str(folder))


def sessions() -> list[bytes]:
    from dataclasses import asdict

    from nbtui.console.session.snapshot import Snapshot

    whole = Snapshot(name="demo", argv=("-N", "3"), pixel=(1, 2), quirks=(("a", True),), marks=("F_cell", (0, 1, 2)))
    head = {"format": 1, "saved": 4102444800, "cwd": "/", "words": ["demo"]}
    return [json.dumps({**head, "snapshot": asdict(whole)}).encode()]


def read_session(path: Path) -> None:
    from nbtui.console.session import store

    os.environ["XDG_STATE_HOME"] = str(path.parent)
    folder = store.folder()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copyfile(path, folder / "a-b-1.json")
    found = store.find()
    shown([found.complaint, *(session.told for session in found.sessions)])


def kept_sources() -> list[bytes]:
    return [gzip.compress(json.dumps({"hashes": {"a.py": "00" * 32}, "texts": {"a.py": "one\ntwo\n"}}).encode())]


def read_sources(path: Path) -> None:
    from nbtui.errors import UnusableInput
    from nbtui.runs.sources import read_state

    with refused(UnusableInput):
        read_state(path)


def terms() -> list[bytes]:
    return [path.read_bytes() for path in sorted((TESTS / "data" / "golden" / "cases").rglob("terms.csv"))]


def read_terms(path: Path) -> None:
    from nbtui.live.c_terms import read_terms as read

    with refused(TraceError), warnings.catch_warnings():
        warnings.simplefilter("error")
        read(path)


def restore_package(path: Path) -> None:
    from nbtui.evidence.restore.restore import restore
    from nbtui.settings import Configuration

    copy = path.with_name(package().name)
    if not copy.exists():
        shutil.copytree(package(), copy)
    shutil.copyfile(path, copy / "metrics.json")
    with refused(NbtuiError, TraceError):
        restored = restore(copy, Configuration())
        shown([restored.obstacle, *restored.remarks])


PACKAGE_FILES = ("metrics.json", "env.json", "summary.md", "commands.txt", "sha256.txt", "terms.csv", "trace_c.log")


def read_package(name: str) -> Reader:
    def read(path: Path) -> None:
        copy = path.with_name(package().name)
        if not copy.exists():
            shutil.copytree(package(), copy)
        before = (package() / name).read_bytes()
        shutil.copyfile(path, copy / name)
        try:
            nbtui_command("verify", str(copy))
            nbtui_command("history", str(copy.parent))
        finally:
            (copy / name).write_bytes(before)

    return Reader(f"package {name}", lambda: [(package() / name).read_bytes()], read)


CRYSTAL = ("-cell", "30", "40", "50", "90", "90", "90", "-lambda", "1", "-N", "2", "-oversample", "1", "-seed", "1")
DETECTOR = ("-detpixels", "5", "-distance", "100", "-pixel", "3")
HEADER = (
    b"{\nHEADER_BYTES=512;\nBYTE_ORDER=little_endian;\nSIZE1=6;\nSIZE2=6;\nPIXEL_SIZE=1;\nDISTANCE=90;\n"
    b"WAVELENGTH=1;\nBEAM_CENTER_X=3;\nBEAM_CENTER_Y=3;\nPHI=0;\nOSC_RANGE=1;\nCLOSE_DISTANCE=90;\n}\f"
)
SMV = HEADER.ljust(512) + struct.pack("<36H", *range(36))
CIF = (
    b"data_x\n_cell.length_a 37\n_cell.length_b 37\n_cell.length_c 43\n_cell.angle_alpha 90\n_cell.angle_beta 90\n"
    b"_cell.angle_gamma 90\n_symmetry.space_group_name_H-M 'P 43'\nloop_\n_refln.index_h\n_refln.index_k\n"
    b"_refln.index_l\n_refln.F_meas_au\n0 0 0 4\n1 2 3 5\n"
)


@cache
def mtz() -> bytes:
    import gemmi

    made = gemmi.Mtz(with_base=True)
    made.spacegroup = gemmi.find_spacegroup_by_name("P 1 21 1")
    made.set_cell_for_all(gemmi.UnitCell(30, 40, 50, 90, 95, 90))
    made.add_dataset("x")
    made.add_column("F", "F")
    made.set_data(np.array([[0, 0, 2, 5.0], [1, 2, 3, 7.0], [2, 0, 1, 1.0]], dtype="f4"))
    return bytes(made.write_to_bytes())


def read_input(name: str, flag: str, file: str, known: Callable[[], list[bytes]]) -> Reader:
    def read(path: Path) -> None:
        os.chdir(path.parent)
        shutil.copyfile(path, path.with_name(file))
        words = CRYSTAL if flag in ("-img", "-mask") else (*CRYSTAL, *DETECTOR)
        nbsim_command(*words, "-default_F", "0" if flag == "-dump" else "10", flag, file)

    return Reader(name, known, read)


def read_sweep(name: str) -> Reader:
    return Reader(f"sweep {name}", lambda: content(name), lambda path: shown(drawn(name, path)))


def words_of(path: Path) -> list[str]:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    words = [word.replace("\0", "") for word in text.split("\n")[:30]]
    return [word for word in words if word not in ("-h", "--help", "-help", "--debug")]


def nbsim_words(path: Path) -> None:
    os.chdir(path.parent)
    shutil.copyfile(path, path.with_name("x.hkl"))
    words = words_of(path)
    plain = [*CRYSTAL, *DETECTOR, "-default_F", "10"]
    nbsim_command(*plain, *words, *DETECTOR, "--compile", "off")
    nbsim_command(*plain, *words, *DETECTOR, "--compile", "off", "--compat")


def flag_lines() -> list[bytes]:
    from nbsim.options.table import FLAGS

    spelled = [(flag.spellings, flag.values) for flag in FLAGS]
    return ["\n".join([names[0], *["1"] * count]).encode() for names, count in spelled]


def nbtui_words(path: Path) -> None:
    os.chdir(path.parent)
    (path.with_name("c.log")).write_bytes(logs()[0])
    words = words_of(path)
    if {"c-trace", "run", "loop", "watch", "bisect", "doctor"} & set(words):  # these start programs, or never end
        return
    nbtui_command(*words)


SUBCOMMANDS = [
    words.encode()
    for words in (
        "compare\n--c\nc.log\n--py\nc.log", "compare\n--c\nc.log\n--py\nc.log\n--json\n--only-differing\n--all",
        "compare\n--c\nc.log\n--py\nc.log\n--profile\nscaling\n--tolerance\n1e-6", "trace\n--\n-N\n3", "terms\ndemo",
        "diagnose\n--c\nc.log\n--py\nc.log", "verify\n.", "history\n.", "schema\nmetrics", "config", "schema\nenv",
        "images\nc.log\nc.log\n--size\n3\n4", "export\n--c\nc.log\n--py\nc.log", "open\nc.log\nc.log", "--resume",
        "compare\ndemo\n--pixel\n1\n2\n--quirk\nphi_carryover=off\n--dtype\nfloat32", "--version",
    )
]  # fmt: skip


def hkl() -> list[bytes]:
    return [b"".join(b"%d %d %d 7.5\n" % (h, k, l) for h in (-1, 0, 1) for k in (-1, 0, 1) for l in (-1, 0, 1))]


READERS = {
    reader.name: reader
    for reader in (
        Reader("log", lambda: list(logs()), read_log),
        Reader("compare", lambda: list(logs()), compare_logs),
        Reader("diagnose", lambda: list(logs()), diagnose_logs),
        Reader("image", lambda: list(images()), read_images),
        Reader("settings", lambda: list(SETTINGS), read_settings),
        Reader("command", lambda: list(COMMANDS), read_command),
        Reader("session", sessions, read_session),
        Reader("index", indexes, read_index),
        Reader("kept sources", kept_sources, read_sources),
        Reader("terms", terms, read_terms),
        *map(read_package, PACKAGE_FILES),
        *map(read_sweep, SWEEP_FILES),
        Reader("restore", lambda: [(package() / "metrics.json").read_bytes()], restore_package),
        read_input("hkl", "-hkl", "x.hkl", hkl),
        read_input("cache", "-dump", "x.bin", lambda: [b"-1 1 -1 1 -1 1\n\x0c" + np.arange(64.0).tobytes()]),
        read_input("sources", "-sourcefile", "x.dat", lambda: [b"-10 0 0 1 1e-10\n-10 0.01 0 1 1.01e-10\n"]),
        read_input("matrix", "-mat", "x.mat", lambda: [b"0.03 0 0\n0 0.025 0\n0 0 0.02\n"]),
        read_input("header", "-img", "x.img", lambda: [SMV]),
        read_input("mask", "-mask", "x.img", lambda: [SMV]),
        read_input("cif", "-hkl", "x.cif", lambda: [CIF]),
        read_input("mtz", "-hkl", "x.mtz", lambda: [mtz()]),
        Reader("nbsim words", flag_lines, nbsim_words),
        Reader("nbtui words", lambda: list(SUBCOMMANDS), nbtui_words),
    )
}


def found_inputs(reader: Reader) -> list[Path]:
    """Inputs in the corpus that once showed a fault."""
    return sorted((CORPUS / reader.name.replace(" ", "_")).glob("*"))
