"""Plain lines of a log that answer preflight questions: selections, files read, objects created, warnings.

Source: nanobragg_setup section 2.8 and nanobragg_pixel_loop section 10.7; trace_dialects, last table row.
"""

from __future__ import annotations

import re

from nbtui.trace.model import NoticeKind

BANNER = "nanocrystal diffraction simulator"
CLOSING = "solid angle subtended by detector"  # the C program's first line after its loop

# kind and the text that identifies it, in order of precedence
_KINDS: tuple[tuple[NoticeKind, str], ...] = (
    ("warning", "WARNING"),
    ("warning", "UserWarning: "),
    ("warning", "RuntimeWarning: "),
    ("convention", "convention selected"),
    ("pivot", "pivoting detector"),
    ("hkl", "initialized hkls"),
    ("hkl", "initializing to default_F"),
    ("hkl", "counting entries in "),
    ("hkl", "reading Fs from"),
    ("hkl", "re-reading "),
    ("sources", "created a total of "),
    ("mosaic", "mosaic spread"),
    ("wavelength", "wave="),
    ("fluence", "incident fluence"),
    ("oversample", "oversample steps"),
    ("oversample", "-fold oversampling"),
    ("info", "phi steps from"),
    ("info", "olarization factor"),
    ("info", "polarization effect disabled"),
    ("info", "nterpolation"),
    ("info", "distance="),
    ("info", "max_I ="),
    ("info", " xtal: "),
    ("info", " thick in "),
    ("info", "Unit Cell:"),
    ("info", "reading "),
    ("info", "default_F"),
)
_CREATED = re.compile(r"created a total of -?[0-9]+ (source|mosaic domain)s")

# Texts by which a scanner finds every line of this table.
NEEDLES: tuple[str, ...] = (
    BANNER,
    "_pixel ",
    "racing pixel",
    *dict.fromkeys(needle for _, needle in _KINDS),
)


def is_banner(text: str) -> bool:
    """Whether the line is the C program's first one."""
    return BANNER in text


def notice_kind(text: str) -> NoticeKind | None:
    """The kind of notice a plain line is; None for any other line."""
    for kind, needle in _KINDS:
        if needle in text:
            created = _CREATED.search(text) if kind == "sources" else None
            return "mosaic" if created is not None and created[1] != "source" else kind
    return None
