"""A gap of a package: a part that is missing, unusual or inferred. Never an error: old packages have several."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

WHOLE = "."  # file of a gap that concerns the package as a whole


class Subject(Enum):
    """What a gap concerns."""

    CHECKSUMS = auto()
    METRICS = auto()  # metrics.json is unreadable or empty
    OLD_FORMAT = auto()
    TIME = auto()  # the stamp is not UTC
    PYTHON_TRACE = auto()
    PER_PHI = auto()
    FILE = auto()  # another file is missing
    STATEMENT = auto()  # a fact is not stated, or inferred


@dataclass(frozen=True)
class Gap:
    """One gap as a sentence; ``file`` and ``what`` are its two halves where it concerns one file."""

    subject: Subject
    sentence: str
    file: str = WHOLE
    part: str = ""

    @property
    def what(self) -> str:
        """The sentence without the name of the file."""
        return self.part or self.sentence


def of_file(subject: Subject, file: str, part: str) -> Gap:
    """A fault of an existing file."""
    return Gap(subject, f"{file} {part}", file, part)


def missing(file: str, subject: Subject = Subject.FILE) -> Gap:
    """A missing file."""
    return Gap(subject, f"no {file}", file, "is missing")
