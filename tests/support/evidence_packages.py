"""Packages for the tests: ours in miniature (schema, checksums, one rename) and the kind older tools wrote in place."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any

FACTORS = ("I_before_scaling", "polar", "I_pixel_final")


def factors(c: float, py: float) -> dict[str, dict[str, Any]]:
    """Three fields of the scaling chain; the middle one agrees."""
    values = dict(zip(FACTORS, ((c, py), (0.9, 0.9), (c / 1e6, py / 1e6)), strict=True))
    return {
        name: {
            "description": name,
            "unit": "1",
            "c_value": one,
            "py_value": other,
            "abs_delta": other - one,
            "rel_delta": (other - one) / abs(one),
            "status": "PASS" if one == other else "CRITICAL",
        }
        for name, (one, other) in values.items()
    }


def metrics(c: float, py: float, case: str, pixel: tuple[int, int], **more: object) -> dict[str, object]:
    """A metrics.json object of the present schema, as far as readers of a history look."""
    first = None if c == py else "I_before_scaling"
    return {
        "schema": "nbtui.metrics",
        "schema_version": 1,
        "case": case,
        "pixel": {"slow": pixel[0], "fast": pixel[1]},
        "phi_mode": "spec",
        "dtype": "float64",
        "device": "cpu",
        "verdict": "agree" if first is None else "diverge",
        "first_divergence": first,
        "first_divergence_label": first,
        "relative_delta": (py - c) / abs(c),
        "factors": factors(c, py),
        "trace_sha256": {"c": hashlib.sha256(repr(c).encode()).hexdigest(), "py": f"{py!r}"},
        **more,
    }


def checksums(folder: Path) -> str:
    """What sha256.txt of this folder has to say."""
    names = sorted(path.name for path in folder.iterdir() if path.name != "sha256.txt" and path.is_file())
    return "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)


def new_package(
    root: Path,
    stamp: str,
    *,
    c: float = 100.0,
    py: float = 90.0,
    case: str = "toy",
    pixel: tuple[int, int] = (3, 4),
    env: dict[str, object] | None = None,
    **more: object,
) -> Path:
    """Built in a hidden folder and renamed, as our export does."""
    building = root / f".{stamp}.building"
    building.mkdir(parents=True)
    (building / "metrics.json").write_text(json.dumps(metrics(c, py, case, pixel, **more)))
    (building / "summary.md").write_text(f"# {case}\n\nTODO nothing\n")
    (building / "env.json").write_text(json.dumps(env or {"torch": "2.13.0"}))
    (building / "trace_py_scaling_cpu.log").write_text(f"TRACE_PY: I_before_scaling {py!r}\n")
    (building / "trace_c.log").write_text(f"TRACE_C: I_before_scaling {c!r}\n")
    (building / "sha256.txt").write_text(checksums(building))
    return building.rename(root / stamp)


def old_package(
    root: Path, stamp: str, *, c: float = 100.0, py: float = 90.0, pause: float = 0.0, sums: str | None = None
) -> Path:
    """File after file in place, no schema, rounded numbers in the summary, no C log."""
    folder = root / stamp
    folder.mkdir(parents=True)
    first = "I_before_scaling" if c != py else None
    entries = factors(c, py)
    rows = []
    for name, entry in entries.items():
        cells = (f"{entry['c_value']:.6e}", f"{entry['py_value']:.6e}", f"{entry['abs_delta']:.6e}")
        rows.append(f"| {name} | {' | '.join(cells)} | {entry['rel_delta']:+.6e} | {entry['status']} |")
    first_lines = f"\n\n## First Divergence\n\n**{first}** (raw)" if first else ""
    texts = {
        "trace_py_scaling_cpu.log": f"TRACE_PY: I_before_scaling {py!r}\nTRACE_PY: polar 0.9\n",
        "summary.md": "# Scaling\n\nComparing scaling factors for toy command pixel (3, 4).\n\n"
        + "\n".join(rows)
        + first_lines,
        "metrics.json": json.dumps(
            {
                "tolerance_rel": 1e-6,
                "first_divergence": first,
                "num_divergent": 0 if first is None else 2,
                "factors": entries,
            }
        ),
        "commands.txt": "# by hand\npython harness.py \\\n  --pixel 3 4 --config toy --phi-mode spec --dtype float32\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
        time.sleep(pause)
    (folder / "sha256.txt").write_text(checksums(folder) if sums is None else sums)
    return folder


def copied(package: Path, root: Path) -> Path:
    """A writable copy under the same name."""
    target = root / package.name
    shutil.copytree(package, target)
    for path in (target, *target.iterdir()):
        path.chmod(path.stat().st_mode | 0o200)
    return target
