"""The figures of docs/api.md, from the code that the page shows: ``make figures``."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nbtui.images.png import difference_colours, levels, png

HERE = Path(__file__).parent
FOLDER = HERE / "figures"
ENLARGED = 2
BLUE = 'stroke="#1f5fa8" stroke-width="2"'
RED = 'stroke="#c0392b" stroke-dasharray="6 4" stroke-width="2"'
WIDTH, HEIGHT, MARGIN = 560, 300, 56  # of the plot, in SVG units

Range = tuple[float, float]


def session_of_the_page() -> dict[str, Any]:
    """Every name after the blocks of api.md have run."""
    blocks = re.findall(r"```python\n(.*?)```", (HERE / "api.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "api.md", "exec"), names)
    return names


def enlarged(picture: np.ndarray) -> np.ndarray:
    """Every pixel ENLARGED times along both axes."""
    return picture.repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)


def text(x: str, y: str, words: str, anchor: str, down: int) -> str:
    """Words at a point, ``down`` units below it."""
    return f'<text x="{x}" y="{float(y) + down:.1f}" text-anchor="{anchor}">{words}</text>'


def drawing(lines: list[tuple[str, str]], texts: list[tuple[str, str, str, int]], frame: str) -> str:
    """Polylines (points, style) in a frame, with words, as SVG."""
    words = "".join(text(*place.split(","), *rest) for place, *rest in texts)
    shapes = "".join(f'<polyline points="{points}" fill="none" {style}/>' for points, style in lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="13"><rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
        f'<polyline points="{frame}" fill="none" stroke="black"/>{shapes}{words}</svg>\n'
    )


def placed(x: Range, y: Range, a: float, b: float) -> str:
    """The point (a, b) of ranges x and y in SVG units."""
    across = MARGIN + (WIDTH - 1.5 * MARGIN) * (a - x[0]) / (x[1] - x[0])
    return f"{across:.1f},{HEIGHT - MARGIN - (HEIGHT - 1.5 * MARGIN) * (b - y[0]) / (y[1] - y[0]):.1f}"


def with_tangent(x: np.ndarray, y: np.ndarray, slope: float, labels: tuple[str, str]) -> str:
    """A curve and its tangent in the middle."""
    middle = len(x) // 2
    across, up = (float(x[0]), float(x[-1])), (0.0, 1.1 * float(y.max()))
    ends = [a for a in x if up[0] <= y[middle] + slope * (a - x[middle]) <= up[1]]
    tangent = [placed(across, up, a, y[middle] + slope * (a - x[middle])) for a in (ends[0], ends[-1])]
    curve = " ".join(placed(across, up, a, b) for a, b in zip(x, y, strict=True))
    corner, right, top = (placed(across, up, *at) for at in ((x[0], up[0]), (x[-1], up[0]), (x[0], up[1])))
    texts = [
        (corner, f"{x[0]:.4f}", "start", 16),
        (right, f"{x[-1]:.4f}", "end", 16),
        (placed(across, up, x[middle], up[0]), labels[0], "middle", 32),
        (top, f"{labels[1]}, 0 to {up[1]:.3g}", "start", -8),
    ]
    lines = [(curve, BLUE), (" ".join(tangent), RED)]
    return drawing(lines, texts, f"{top} {corner} {right}")


def descent(misfits: list[float]) -> str:
    """Misfit on a log scale against evaluations."""
    logs = np.log10(misfits)
    low, high = math.floor(logs.min()), math.ceil(logs.max())
    across, up = (1.0, float(len(misfits))), (float(low), float(high))
    corner, right, top = (
        placed(across, up, *at) for at in ((across[0], up[0]), (across[1], up[0]), (across[0], up[1]))
    )
    curve = " ".join(placed(across, up, 1.0 + i, value) for i, value in enumerate(logs))
    texts = [
        (corner, "1", "start", 16),
        (right, str(len(misfits)), "end", 16),
        (placed(across, up, sum(across) / 2.0, up[0]), "evaluations of image and gradient", "middle", 32),
        (top, f"misfit, 1e{low} to 1e{high}, log scale", "start", -8),
    ]
    return drawing([(curve, BLUE)], texts, f"{top} {corner} {right}")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    page = session_of_the_page()
    photons, as_c = page["photons"].numpy(), page["as_c"].numpy()
    brightest = float(photons.max())
    (FOLDER / "image.png").write_bytes(png(enlarged(levels(photons, brightest))))
    (FOLDER / "phi_mode.png").write_bytes(png(enlarged(difference_colours(as_c, photons, brightest))))

    waves = torch.linspace(0.996, 1.004, 161, dtype=torch.float64)
    with torch.no_grad():
        spots = [page["experiment"].with_parameters(wavelength=wave).photons(**page["spot"]) for wave in waves]
    sums = np.array([float(values.sum()) for values in spots])
    labels = ("wavelength / A", "photons in 5 x 5 pixels")
    drawn = with_tangent(waves.numpy(), sums, float(page["wavelength"].grad), labels)
    (FOLDER / "gradient.svg").write_text(drawn, encoding="utf-8")
    (FOLDER / "fit.svg").write_text(descent(page["misfits"]), encoding="utf-8")


if __name__ == "__main__":
    main()
