"""The random numbers of the C program: published values of its generator, its own output, independent properties."""

from __future__ import annotations

import math
import struct
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from nbsim import from_command
from nbsim.constants import DEFAULT_MOSAIC_SEED, RTD
from nbsim.errors import InputError
from nbsim.rng import Generator, Stream, float32
from nbsim.setup import mosaic
from nbsim.setup.geometry import scalar
from nbsim.vectors import rotate_xyz

IDENTITY = torch.eye(3, dtype=torch.float64)


def matrix(rows: mosaic.Rows) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def domains(seed: int, spread: float, count: int, *, first_identity: bool) -> Tensor:
    caps = mosaic.draw_caps(Stream(Generator(), seed), count)
    return mosaic.domain_rotations(caps, scalar(spread), first_identity=first_identity)


def angle_of(rotation: Tensor) -> float:
    """Rotation angle from the chord, accurate for small angles too."""
    chord = torch.linalg.matrix_norm(rotation - IDENTITY).item() / math.sqrt(8.0)
    return 2.0 * math.asin(min(chord, 1.0))


def test_the_ten_thousandth_number_is_the_published_one() -> None:
    """Park and Miller, CACM 31 (1988) 1192: from 1, the 10 000th state is 1043618065. Forty go into the table."""
    generator, state = Generator(), -1
    for _ in range(10_000 - 40):
        _, state = generator.draw(state)
    assert state == 1043618065


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (1, (0.41599935, 0.09196489, 0.75641048, 0.52970022)),
        (12345678, (0.7659893035888672, 0.023453664034605026, 0.5897266268730164, 0.535101592540741)),
    ],
)
def test_deviates_are_those_of_the_c_program(seed: int, expected: tuple[float, ...]) -> None:
    stream = Stream(Generator(), seed)
    assert [stream.draw() for _ in expected] == pytest.approx(expected, abs=5e-9)


def test_deviates_are_float32_inside_the_unit_interval() -> None:
    stream = Stream(Generator(), 20_11)
    values = [stream.draw() for _ in range(20_000)]
    assert all(0.0 < v < 1.0 and struct.unpack("f", struct.pack("f", v))[0] == v for v in values)
    table = torch.tensor(values, dtype=torch.float64)
    assert table.mean().item() == pytest.approx(0.5, abs=4 / math.sqrt(12 * 20_000))
    assert table.var().item() == pytest.approx(1 / 12, abs=0.003)
    neighbours = torch.tensor(list(pairwise(values)), dtype=torch.float64).T
    assert abs(torch.corrcoef(neighbours)[0, 1].item()) < 4 / math.sqrt(20_000)


def test_shuffle_table_returns_every_state_once() -> None:
    """The shuffle only reorders: the outputs are the states of the plain sequence, each at most once."""
    state, plain = 1, set()
    for _ in range(1000):
        state = state * 16807 % 2147483647
        plain.add(float32(state * (1.0 / 2147483647)))
    stream = Stream(Generator(), 1)
    drawn = [stream.draw() for _ in range(800)]
    assert set(drawn) <= plain
    assert len(set(drawn)) == len(drawn)


def test_zero_and_negative_seeds() -> None:
    """0 and, on a fresh generator, a negative typed seed both mean 1 (S22)."""
    firsts = [Stream(Generator(), seed).draw() for seed in (1, 0, -5, -1)]
    assert len(set(firsts)) == 1


def test_negative_seed_keeps_a_filled_table() -> None:
    """S22: after another stream a negative typed seed does not restart the table."""
    generator = Generator()
    Stream(generator, 77).draw()
    continued = Stream(generator, -5)
    values = [continued.draw() for _ in range(3)]
    fresh = Stream(Generator(), -5)
    assert values != [fresh.draw() for _ in range(3)]
    Stream(generator, 5).draw()
    restarted = Stream(generator, 1)
    assert restarted.draw() == Stream(Generator(), 1).draw()


def test_domains_are_those_of_the_c_program() -> None:
    """0.5 degrees, default seed: first row of domain 1 as the C program has it."""
    made = domains(DEFAULT_MOSAIC_SEED, 0.5 / RTD, 4, first_identity=True)
    assert made[1, 0].tolist() == [0.9999659208978446, -0.007975168091458018, 0.002133948649430912]
    assert torch.equal(made[0], IDENTITY)


def test_quirk_first_domain() -> None:
    seed, spread = DEFAULT_MOSAIC_SEED, 0.01
    as_c = domains(seed, spread, 3, first_identity=True)
    drawn = domains(seed, spread, 3, first_identity=False)
    assert torch.equal(as_c[1:], drawn[1:])
    assert not torch.equal(drawn[0], IDENTITY)
    command = "nanoBragg -cell 30 -default_F 1 -N 3 -detpixels 4 -mosaic 1 -mosaic_domains 2"
    made = from_command(command, Path(), quirks={"mosaic_first_identity": False})
    assert not torch.equal(made.crystal.mosaic_matrices[0], IDENTITY)


def test_domains_are_rotations_within_the_spread() -> None:
    """Largest angle eta; theta / eta = (1 - r^2)^(1/3) (S23); moments integrated below."""
    spread = 0.02
    made = domains(99, spread, 4000, first_identity=False)
    products = made @ made.transpose(1, 2)
    assert torch.allclose(products, IDENTITY.expand_as(products), rtol=0, atol=1e-14)
    assert torch.allclose(torch.linalg.det(made), torch.ones(4000, dtype=torch.float64), rtol=0, atol=1e-14)
    ratios = torch.tensor([angle_of(m) / spread for m in made], dtype=torch.float64)
    assert ratios.max().item() <= 1.0 + 1e-6
    assert ratios.mean().item() == pytest.approx(_moment(1), abs=0.01)
    assert math.sqrt((ratios**2).mean().item()) == pytest.approx(math.sqrt(_moment(2)), abs=0.01)


def _moment(power: int) -> float:
    """Mean of (1 - r^2)^(power/3) for r uniform in (-1, 1), by Simpson's rule."""
    n = 20_000
    heights = [(1.0 - (2.0 * i / n - 1.0) ** 2) ** (power / 3.0) for i in range(n + 1)]
    return float(heights[0] + heights[-1] + 4 * sum(heights[1:-1:2]) + 2 * sum(heights[2:-1:2])) / (3 * n)


def test_axes_are_isotropic() -> None:
    rotations = domains(5, 0.1, 4000, first_identity=False)
    axes = torch.stack(
        [
            rotations[:, 2, 1] - rotations[:, 1, 2],
            rotations[:, 0, 2] - rotations[:, 2, 0],
            rotations[:, 1, 0] - rotations[:, 0, 1],
        ],
        dim=1,
    )
    axes = axes / torch.linalg.vector_norm(axes, dim=1, keepdim=True)
    assert torch.allclose(axes.T @ axes / 4000, IDENTITY / 3, rtol=0, atol=0.02)
    assert axes.mean(dim=0).abs().max().item() < 0.04


@pytest.mark.parametrize("seed", range(1, 40))
def test_angles_rebuild_the_rotation(seed: int) -> None:
    rotation = domains(seed, 90.0, 1, first_identity=False)[0]
    x, y, z = map(scalar, mosaic.angles_of(rotation.tolist()))
    rebuilt = torch.stack([rotate_xyz(column, x, y, z) for column in IDENTITY]).T
    assert torch.allclose(rebuilt, rotation, rtol=0, atol=1e-14)


def test_angles_at_the_pole() -> None:
    pole: mosaic.Rows = ((0.0, 0.6, -0.8), (0.0, -0.8, -0.6), (-1.0, 0.0, 0.0))
    x, y, z = mosaic.angles_of(pole)
    assert (x, y) == (math.pi, math.pi / 2)
    assert z == pytest.approx(math.atan2(0.6, 0.8))


def test_random_misset_needs_a_seed_to_be_reproduced() -> None:
    base = "nanoBragg -cell 30 40 50 -default_F 1 -N 3 -detpixels 4 -misset random"
    seeded = from_command(f"{base} -misset_seed 7", Path())
    assert torch.equal(seeded.crystal.a, from_command(f"{base} -misset_seed 7", Path()).crystal.a)
    assert not torch.equal(seeded.crystal.a, from_command(f"{base} -misset_seed 8", Path()).crystal.a)
    assert not any("S3" in notice for notice in seeded.notices)
    unseeded = from_command(f"{base} -seed 7", Path())
    assert torch.equal(seeded.crystal.a, unseeded.crystal.a)
    assert any("S3" in notice for notice in unseeded.notices)


def test_seed_beyond_32_bits_is_refused() -> None:
    with pytest.raises(InputError, match="-mosaic_seed 4000000000"):
        from_command("nanoBragg -cell 30 -default_F 1 -mosaic_seed 4000000000", Path())
