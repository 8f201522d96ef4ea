"""The bugs of port.py: each a piece of its text, and the text that the C program's formula asks for."""

from pathlib import Path

PORT = Path(__file__).with_name("port.py")

FIXES = {
    "half a pixel is missing in the beam centre": (
        'beam = (p["pixels"] * p["pixel"] + p["pixel"]) / 2\n',
        'beam = (p["pixels"] * p["pixel"] + p["pixel"]) / 2 + p["pixel"] / 2\n',
    ),
    "the cell is built as textbooks do, not as the C program does": (
        "torch.sqrt(1 - cos_b**2 - third**2)",
        "volume / (a * b * c * sin_c)",
    ),
    "the missetting turns about z first": (
        "rotation(axes[0], x) @ rotation(axes[1], y) @ rotation(axes[2], z)",
        "rotation(axes[2], z) @ rotation(axes[1], y) @ rotation(axes[0], x)",
    ),
    "the polarization factor lacks the square of cos 2θ": (
        "return 0.5 * (1 + direction[..., 0])\n",
        "return 0.5 * (1 + direction[..., 0] ** 2)\n",
    ),
}


def fixed(*names: str, text: str | None = None) -> str:
    """The port's text with the bugs of these names put right; with none named, all of them."""
    text = PORT.read_text(encoding="utf-8") if text is None else text
    for name in names or FIXES:
        wrong, right = FIXES[name]
        if text.count(wrong) != 1:
            raise ValueError(f"{name}: the text to replace is not there exactly once")
        text = text.replace(wrong, right)
    return text
