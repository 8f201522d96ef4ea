"""Unusable values of every parameter: an InputError in Python's words, and no image of nan."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from nbsim import Batch, Experiment, InputError, from_command
from nbsim.parameters import ROWS

WORDS = (
    "-hkl box.hkl -default_F 20 -cell 40 50 60 75 85 95 -misset 1 -20 33 -detpixels 4 -pixel 9 -oversample 1 "
    "-round_xtal -N 3 -distance 60 -osc 1 -phisteps 2 -mosaic 1 -mosaic_domains 2"
)
BAD: dict[str, Any] = {
    "nan": lambda value: value * float("nan"),
    "too large": lambda value: torch.full_like(value, 1e300),
    "text": lambda _: "60",
    "a list of texts": lambda value: ["a"] * max(1, value.numel()),
    "complex": lambda value: value.to(torch.complex128),
    "bool": lambda value: value > 0.0,
    "another shape": lambda value: torch.ones(*value.shape, 2, 2, dtype=torch.float64),
    "meta": lambda value: value.to("meta"),
    "sparse": lambda value: (value if value.dim() else value[None]).to_sparse(),
}


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    folder = tmp_path_factory.mktemp("misuse")
    sides = range(-2, 3)
    rows = [f"{h} {k} {l} {20 + (7 * h + 3 * k + 5 * l) % 11}" for h in sides for k in sides for l in sides]
    (folder / "box.hkl").write_text("\n".join(rows) + "\n", encoding="ascii")
    return from_command(WORDS, folder, quirks={"source_weights_ignored": False})


def value_of(experiment: Experiment, name: str) -> Tensor:
    """A usable value of any parameter."""
    beyond = {
        "a_matrix": torch.eye(3) / 50,
        "source_directions": torch.eye(3),
        "source_wavelengths": torch.ones(3),
        "source_weights": torch.ones(3),
        "n_matrix": 3.0 * torch.eye(3),
        "mosaic_spreads": torch.ones(3),
    }
    held = getattr(experiment.parameters, name)
    value = beyond[name] if held is None else held
    assert isinstance(value, Tensor)
    return value.double()


@pytest.mark.parametrize("name", ROWS)
def test_unusable_values_are_refused_by_the_name_of_the_parameter(name: str, experiment: Experiment) -> None:
    for kind, made in BAD.items():
        with pytest.raises(InputError) as caught:
            experiment.with_parameters(**{name: made(value_of(experiment, name))})
        assert str(caught.value).startswith(name), (kind, str(caught.value))


@pytest.mark.parametrize("name", [name for name in ROWS if name != "close_distance"])
@pytest.mark.parametrize("size", [1e-300, 1e-9, 1e9, 1e20])
def test_extreme_values_give_numbers_or_an_error(name: str, size: float, experiment: Experiment) -> None:
    value = value_of(experiment, name)
    extreme = value * size if name in ("a_matrix", "n_matrix") else torch.full_like(value, size)
    for make in (
        lambda: experiment.with_parameters(**{name: extreme}).photons(),
        lambda: Batch(experiment, **{name: torch.stack((value, extreme))}).photons(),  # type: ignore[arg-type]
    ):
        try:
            photons = make()
        except InputError as error:
            assert str(error).startswith(name)
        else:
            assert bool(photons.isfinite().all())
