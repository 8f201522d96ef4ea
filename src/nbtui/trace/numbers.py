"""Numbers as programs print them: C, Python and old Windows runtimes."""

from __future__ import annotations

import re

from nbtui.trace.model import Value

_SPECIAL = re.compile(
    r"([-+]?)(?:(nan|1\.#(?:IND|QNAN|SNAN)[0-9]*)(?:\([0-9A-Za-z_]*\))?|(inf|infinity|1\.#INF[0-9]*))", re.IGNORECASE
)
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")


def number(token: str) -> float | None:
    """The number that a token is, or None: decimal, ``nan``, ``-nan(ind)``, ``inf``, ``1.#IND``, ``-1.#INF00``."""
    try:
        if token.isascii() and "_" not in token:  # Python accepts more than C
            return float(token)
    except ValueError:
        pass
    match = _SPECIAL.fullmatch(token)
    if match is None:
        return None
    sign = "-" if match.group(1) == "-" else ""
    return float(f"{sign}nan") if match.group(2) else float(f"{sign}inf")


def integer(token: str) -> Value:
    """The token as a whole number when it is one (``5``, ``5.000e+00``); else as `value` reads it."""
    if _INTEGER.fullmatch(token):
        return int(token)
    read = number(token)
    if read is None:
        return token
    return int(read) if read.is_integer() and abs(read) < 1e15 else read


def value(token: str) -> Value:
    """The token as a float, or the token itself (``NOT_EXTRACTED``) when it is not a number."""
    read = number(token)
    return token if read is None else read
