"""Text of a package: ASCII only, one line at a time. Source: spec/evidence_package.md, Files."""

from __future__ import annotations

import codecs
import os
import shlex
from typing import BinaryIO

from nbtui.trace.text import clean

_SPELLED = {
    **dict(zip("αβγδεζηθικλμνξοπρστυφχψω", (
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu",
        "nu", "xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
    ), strict=True)),
    "ϕ": "phi", "µ": "u", "Å": "A", "×": "x", "·": ".", "°": " deg", "±": "+-", "²": "^2", "³": "^3",
    "−": "-", "–": "-", "—": "-", "≤": "<=", "≥": ">=", "→": "->", "←": "<-",
    "“": '"', "”": '"', "‘": "'", "’": "'", "…": "...",
    "Δ": "Delta", "Ω": "Omega", "Φ": "Phi", "Σ": "Sigma",
}  # fmt: skip
_PIECE = 1 << 20  # bytes
_TABLE = str.maketrans(_SPELLED)


def spelled(text: str) -> str:
    """The text in ASCII, Greek letters and common signs spelled out, anything else as an escape."""
    return text.translate(_TABLE).encode("ascii", "backslashreplace").decode("ascii")


def ascii_line(text: str) -> str:
    """Text from outside as one ASCII line without control characters."""
    return spelled(clean(text))


def ascii_copy(source: BinaryIO, target: BinaryIO) -> None:
    """Copy a program's output, of any size, as ASCII text with LF line ends and one final newline."""
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    turn, newlines = "", 0  # a carriage return that may end a line, and newlines that may end the text
    while True:
        piece = source.read(_PIECE)
        text = (turn + decoder.decode(piece, final=not piece)).replace("\r\n", "\n")
        turn = "\r" if piece and text.endswith("\r") else ""
        text = text.removesuffix(turn)
        body = text.rstrip("\n")
        if body:
            target.write(b"\n" * newlines + spelled(body).encode("ascii"))
            newlines = 0
        newlines += len(text) - len(body)
        if not piece:
            target.write(b"\n")
            return


def cell(text: str) -> str:
    """One cell of a Markdown table."""
    return ascii_line(text).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


def shell_word(word: str) -> str:
    """A word quoted for a POSIX shell in ASCII, with bash's $'...' where needed."""
    if word.isascii() and word.isprintable():
        return shlex.quote(word)
    escaped = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"'\\" else f"\\x{byte:02x}" for byte in os.fsencode(word)
    )
    return f"$'{escaped}'"


def shell_line(words: tuple[str, ...] | list[str]) -> str:
    """A command line for pasting."""
    return " ".join(shell_word(word) for word in words)
