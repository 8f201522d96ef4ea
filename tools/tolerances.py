"""docs/tolerances.md: the profiles, classes and statuses of a comparison, from the tables and limits that judge."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from markdown_table import table

from nbtui.parity.coverage import ENOUGH, SMALLEST_SHARE
from nbtui.parity.judge import SINGLE
from nbtui.parity.numbers import DIVERGENT_BELOW, MINOR_BELOW, NOISE
from nbtui.parity.profiles import BUILT_IN, GATE, GRADIENT_ROOM
from nbtui.trace.fields.catalogue import FIELDS
from nbtui.trace.fields.field import Tolerance

_SHOWN = 4  # fields of a class
# class -> what passes, besides equal values
_CLASSES = {
    Tolerance.FACTOR: "a relative difference within the profile's",
    Tolerance.SETUP: "the same",
    Tolerance.INTEGER: "nothing",
    Tolerance.TEXT: "nothing; numbers inside the text as numbers",
    Tolerance.FLOAT32: f"the profile's, at least {SINGLE:.2g}: the spacing of single precision",
    Tolerance.PRINTED: "half a unit of the last printed digit, or the profile's",
    Tolerance.GRADIENT: f"{GRADIENT_ROOM:g} times the profile's: a derivative is a sum of terms of both signs",
}
_HEAD = """# Tolerances

Made by `make docs` from the tables that the comparison itself uses.

The reference is C: a difference is (Python - C) / abs(C). The question is never whether two numbers are close, but
whether a difference can be rounding. That depends on how a value was computed and on how it was printed.

## Profiles

A profile states the judged fields and the limit. `--profile NAME`, `profile` in `nbtui.toml` or `profile=` in Python
chooses one; `--tolerance X` changes its relative limit.

"""
_CLASSES_HEAD = """
`spec` and `c-parity` are absolute limits on the two values in which the φ modes differ ([quirks.md](quirks.md));
`scaling` judges the factors behind `I_pixel_final`. Values outside a profile are shown, not judged.

## Classes

Every field of the catalogue ([traces.md](traces.md)) belongs to a class.

"""
_ROOMS = f"""
## Rooms

Some differences pass although they exceed the relative limit, because another size is the measure of their rounding.
The note of the row says so.

- **Printed digits.** With fewer than 17 digits, the half units of the last digit of both sides.
- **Components of vectors.** A small component of a long vector holds the rounding of the others: {NOISE:.1e} of the
  vector's length passes, and in the profile `full` a component counts at least as a tenth of its vector.
- **Indices and lattice factors.** An index is compared with the width of a reflection, 1/N; a lattice factor with its
  peak, N. Both only in `full`.
- **Single precision.** A log that shows single-precision values is judged by the same limits. The note marks
  the differences that this precision explains.

## Statuses

| Status | Meaning |
| --- | --- |
| `PASS` | within the limit, or explained by one of the rooms |
| `MINOR` | beyond it, below {MINOR_BELOW:.0e} relative |
| `DIVERGENT` | below {DIVERGENT_BELOW:.0e} |
| `CRITICAL` | larger, not a number on one side, an integer or a word that differs, not zero where C has zero |
| `MISSING` | on one side only; not counted as a difference |

`known false divergence` marks a difference of the log alone, such as another name of an axis: it is shown and does not
count. The verdict AGREE needs every judged field that both sides have within its limit, and substance: at least
{SMALLEST_SHARE:.0%} of the judged fields on both sides, and {ENOUGH} of them or half.

## A profile of your own

```toml
[profiles.single]
base = "full"
description = "a port in single precision"
tolerance = 1e-4

[profiles.single.fields]
omega_pixel_sr = 1e-6                    # relative
"hkl_frac.k" = {{ abs = 5e-5 }}            # absolute, in the unit of the field
```

`only = true` judges nothing but the fields listed. Agreement under a profile of your own is reported as such:
`nbtui verify` names the verdict by nbtui's own limits beside it.
"""


def page() -> str:
    """docs/tolerances.md."""
    return "".join(_parts())


def _parts() -> Iterator[str]:
    yield _HEAD
    rows = ((f"`{one.name}`", one.description) for one in BUILT_IN.values())
    yield table(("Profile", "Judged fields and limit"), rows)
    yield f"\nThe relative limit of `full` and `scaling` is {GATE:.0e}.\n"
    yield _CLASSES_HEAD
    yield table(("Class", "Fields", "Passes", "Such as"), map(_row, Tolerance))
    yield _ROOMS


def _row(kind: Tolerance) -> tuple[str, str, str, str]:
    names = [f"`{field.name}`" for field in FIELDS if field.tolerance is kind]
    return kind.value, str(len(names)), _CLASSES[kind], ", ".join(islice(names, _SHOWN))
