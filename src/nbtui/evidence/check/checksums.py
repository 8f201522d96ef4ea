"""sha256.txt of a package, in our form or any other, against the files.

spec/evidence_package.md, Files and "Reading older packages".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nbtui.evidence.check.finding import FileFinding, Weight
from nbtui.evidence.layout import CHECKSUMS, SIGNATURE
from nbtui.evidence.read.folder import file_hash, read_bytes

LINE = re.compile(r"\\?([0-9a-fA-F]{64})\s[ *]?(.*\S)\s*")
GIT_SHA = re.compile(rb"\s*[0-9a-fA-F]{7,40}\s*")
UNLISTED = (CHECKSUMS, SIGNATURE)
FEW_DIGITS = 8  # a changed file changes about 60 of the 64 digits; an edited line changes only a few


@dataclass(frozen=True)
class ChecksumLine:
    """One line of a checksum file."""

    digest: str  # lower case
    name: str  # as written, without ./
    line: int


def check_strict(folder: Path, files: tuple[str, ...]) -> list[FileFinding]:
    """The strict form, byte for byte: every other file once, sorted, two spaces, lower case."""
    raw = read_bytes(folder / CHECKSUMS)
    if raw is None:
        return [FileFinding(CHECKSUMS, "is missing: nothing proves that the files are unchanged")]
    actual = {name: file_hash(folder / name) for name in files if name not in UNLISTED}
    expected = "".join(f"{digest}  {name}\n" for name, digest in sorted(actual.items())).encode()
    if raw == expected:
        return []
    listed, odd = parse(raw)
    damaged = _damaged(actual, raw, odd)
    sound = {name: digest for name, digest in actual.items() if name not in damaged}
    found = [FileFinding(CHECKSUMS, f"line {number} is not a checksum line") for number in odd]
    found += [FileFinding(CHECKSUMS, f"the line of {name} is damaged") for name in damaged]
    found += _against(sound, {entry.name: entry for entry in listed if entry.digest not in damaged.values()})
    return found or [
        FileFinding(CHECKSUMS, "is not in canonical form (sorted names, two spaces, LF, one final newline)")
    ]


def check_lenient(folder: Path, files: tuple[str, ...]) -> list[FileFinding]:
    """Any form of older tools: comments, ``./``, paths from the repository root, a line for itself, omitted files."""
    raw = read_bytes(folder / CHECKSUMS)
    if raw is None:
        return [FileFinding(CHECKSUMS, "is missing: nothing proves that the files are unchanged", Weight.UNJUDGED)]
    listed, odd = parse(raw)
    if not listed:
        what = "holds a git SHA instead of checksums" if GIT_SHA.fullmatch(raw) else "holds no checksums"
        return [FileFinding(CHECKSUMS, f"{what}: nothing proves that the files are unchanged", Weight.UNJUDGED)]
    found = [FileFinding(CHECKSUMS, f"line {number} is not a checksum line", Weight.REMARK) for number in odd]
    names: dict[str, ChecksumLine] = {}
    for entry in listed:
        name = entry.name if entry.name in files else PurePosixPath(entry.name).name
        if name == CHECKSUMS:
            found.append(FileFinding(CHECKSUMS, "lists itself, which cannot be right; ignored", Weight.REMARK))
            continue
        names[name] = entry
    if any("/" in entry.name for entry in names.values()):
        found.append(
            FileFinding(CHECKSUMS, "lists paths of another directory; compared with the files beside it", Weight.REMARK)
        )
    actual = {name: file_hash(folder / name) for name in files if name not in UNLISTED}
    covered = {name: digest for name, digest in actual.items() if name in names}
    found.extend(_against(covered, names))
    left_out = [name for name in actual if name not in names]
    found.extend(FileFinding(name, "is not listed in sha256.txt", Weight.UNJUDGED) for name in left_out)
    return found


def parse(raw: bytes) -> tuple[list[ChecksumLine], list[int]]:
    """The checksum lines, and the numbers of malformed lines (comments and blank lines are neither)."""
    listed, odd = [], []
    for number, line in enumerate(raw.decode("utf-8", "surrogateescape").split("\n"), start=1):
        match = LINE.fullmatch(line)
        if match:
            listed.append(ChecksumLine(match[1].lower(), match[2].removeprefix("./"), number))
        elif line.strip() and not line.lstrip().startswith("#"):
            odd.append(number)
    return listed, odd


def _damaged(actual: dict[str, str], raw: bytes, odd: list[int]) -> dict[str, str]:
    """Unlisted files whose checksum, or whose name in a malformed line, is still there."""
    lines = raw.decode("utf-8", "surrogateescape").split("\n")
    listed = {entry.name for entry in parse(raw)[0]}
    broken = "\n".join(lines[number - 1] for number in odd)
    return {
        name: digest
        for name, digest in actual.items()
        if name not in listed and (digest.encode() in raw or name in broken)
    }


def _against(actual: dict[str, str], listed: dict[str, ChecksumLine]) -> list[FileFinding]:
    found: list[FileFinding] = []
    for name, entry in listed.items():
        if name not in actual:
            found.append(FileFinding(name, "is listed in sha256.txt but missing"))
        elif entry.digest != actual[name]:
            found.append(_mismatch(name, entry, actual[name]))
    unlisted = [name for name in actual if name not in listed]
    return found + [FileFinding(name, "is not listed in sha256.txt") for name in unlisted]


def _mismatch(name: str, entry: ChecksumLine, actual: str) -> FileFinding:
    if not actual:
        return FileFinding(name, "cannot be read")
    if sum(a != b for a, b in zip(entry.digest, actual, strict=True)) <= FEW_DIGITS:
        return FileFinding(CHECKSUMS, f"line {entry.line} was changed: almost the checksum of {name}")
    return FileFinding(name, f"was changed: its sha256 is {actual[:12]}..., sha256.txt says {entry.digest[:12]}...")
