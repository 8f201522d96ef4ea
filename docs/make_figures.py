"""The figures of docs/api.md, from the code that the page shows: ``make figures``."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from nbsim import Experiment
from nbsim.pixel import image_values
from nbtui.images.png import difference_colours, levels, png

HERE = Path(__file__).parent
FOLDER = HERE / "figures"
ENLARGED = 2
WIDTH, HEIGHT, MARGIN = 560, 300, 56  # of the plot, in SVG units


def command_of_the_page() -> str:
    """The command line in the first block of api.md."""
    block = re.search(r"command = \((.*?)\n\)", (HERE / "api.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    return "".join(re.findall(r'"(.*?)"', block[1]))


def enlarged(picture: np.ndarray) -> np.ndarray:
    """Every pixel ENLARGED times along both axes."""
    return picture.repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)


def spot(experiment: Experiment, scale: torch.Tensor, box: torch.Tensor) -> torch.Tensor:
    """Photons in ``box`` with all wavelengths times ``scale``."""
    waves = experiment.beam.source_wavelengths * scale
    return image_values(replace(experiment, beam=replace(experiment.beam, source_wavelengths=waves)), box).sum()


def text(x: str, y: str, words: str, anchor: str, down: int) -> str:
    """Words at a point, ``down`` units below it."""
    return f'<text x="{x}" y="{float(y) + down:.1f}" text-anchor="{anchor}">{words}</text>'


def plot(x: np.ndarray, y: np.ndarray, slope: float, labels: tuple[str, str]) -> str:
    """A curve and its tangent in the middle, as SVG."""
    middle = len(x) // 2
    low, high = 0.0, 1.1 * float(y.max())

    def at(a: float, b: float) -> str:
        across = MARGIN + (WIDTH - 1.5 * MARGIN) * (a - x[0]) / (x[-1] - x[0])
        return f"{across:.1f},{HEIGHT - MARGIN - (HEIGHT - 1.5 * MARGIN) * (b - low) / (high - low):.1f}"

    ends = [a for a in x if low <= y[middle] + slope * (a - x[middle]) <= high]
    tangent = [at(a, y[middle] + slope * (a - x[middle])) for a in (ends[0], ends[-1])]
    curve = " ".join(at(a, b) for a, b in zip(x, y, strict=True))
    corner, right, top = at(x[0], low), at(x[-1], low), at(x[0], high)
    texts = [
        (at(x[0], low), f"{x[0]:.4f}", "start", 16),
        (at(x[-1], low), f"{x[-1]:.4f}", "end", 16),
        (at(x[middle], low), labels[0], "middle", 32),
        (at(x[0], high), f"{labels[1]}, 0 to {high:.3g}", "start", -8),
    ]
    words = "".join(text(*place.split(","), *rest) for place, *rest in texts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="13"><rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
        f'<polyline points="{top} {corner} {right}" fill="none" stroke="black"/>'
        f'<polyline points="{curve}" fill="none" stroke="#1f5fa8" stroke-width="2"/>'
        f'<polyline points="{" ".join(tangent)}" fill="none" stroke="#c0392b" stroke-dasharray="6 4" stroke-width="2"/>'
        f"{words}</svg>\n"
    )


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    command = command_of_the_page()
    experiment = Experiment.from_command(command)
    photons = experiment.image(compile_kernel=False).photons.numpy()
    brightest = float(photons.max())
    (FOLDER / "image.png").write_bytes(png(enlarged(levels(photons, brightest))))
    as_c = Experiment.from_command(command, phi_mode="c-parity").image(compile_kernel=False).photons.numpy()
    (FOLDER / "phi_mode.png").write_bytes(png(enlarged(difference_colours(as_c, photons, brightest))))

    slow, fast = divmod(int(photons.argmax()), photons.shape[1])
    box = torch.cartesian_prod(torch.arange(slow - 2, slow + 3), torch.arange(fast - 2, fast + 3))
    scales = torch.linspace(0.996, 1.004, 161, dtype=torch.float64)
    with torch.no_grad():
        sums = np.array([float(spot(experiment, scale, box)) for scale in scales])
    one = torch.ones((), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(spot(experiment, one, box), one)
    nominal = 1e10 * float(experiment.beam.wavelength)
    labels = ("wavelength / A", "photons in 5 x 5 pixels")
    drawn = plot(scales.numpy() * nominal, sums, float(slope) / nominal, labels)
    (FOLDER / "gradient.svg").write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
