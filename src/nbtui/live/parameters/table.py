"""The changeable parameters of an experiment: one row each, grouped like the experiment.

A row names the flag that sets it; unit, bounds, default and help are those of the flag, in the simulator's own table.
The form, edits of a command line, values read from a C log and the fits of the diagnosis all read these rows.
Source: nanobragg_setup.md section 1.2 for the flags, section 2 for the derivation of values.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import nbsim
from nbtui.live.parameters.parameter import Group, Parameter, Value

GROUPS = tuple(Group)
QUIRK = "quirk."  # prefix of the ids of the quirks


def _quirk(name: str) -> Callable[[nbsim.Experiment], Value]:
    return lambda e: bool(getattr(e.quirks, name))


@lru_cache(maxsize=1)
def parameters() -> tuple[Parameter, ...]:
    """All rows in the order of the groups; the quirks as the simulator lists them."""
    # built for the form or a diagnosis, not at the start of the console
    from dataclasses import fields

    from nbtui.live.parameters.rows import beam, crystal, detector, sampling

    quirks = (
        Parameter(
            f"{QUIRK}{item.name}",
            item.name,
            Group.QUIRKS,
            stored=item.name,
            text=f"{item.metadata['source']}, on: {item.metadata['on']}; off: {item.metadata['off']}",
            words=((False, ()), (True, ())),
            read=_quirk(item.name),
            in_c=item.metadata["in_c"],
        )
        for item in fields(nbsim.Quirks)
    )
    phi, rest = sampling.PHI_ROWS, sampling.SAMPLING_ROWS
    return (*beam.ROWS, *detector.ROWS, *crystal.ROWS, *phi, *rest, *quirks)


@lru_cache(maxsize=1)
def by_id() -> dict[str, Parameter]:
    """The rows by their ids."""
    return {parameter.id: parameter for parameter in parameters()}
