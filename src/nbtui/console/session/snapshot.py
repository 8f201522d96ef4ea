"""The saved part of the console's state, and its restoration in a new console."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from nbtui.console.main.state import PANES, State
from nbtui.live.model import Case, Settings
from nbtui.live.programs import restored_program


@dataclass(frozen=True)
class Snapshot:
    """Plain values for a JSON round trip. ``argv``: the nanoBragg flags with the user's changes."""

    name: str = ""
    argv: tuple[str, ...] = ()
    pixel: tuple[int, ...] = ()  # (slow, fast), or empty
    phi_mode: str = "spec"
    dtype: str = "float64"
    device: str = "cpu"
    quirks: tuple[tuple[str, bool], ...] = ()
    field: str = ""  # label of the row under the cursor
    only_differing: bool = False
    query: str = ""
    pane: str = "fields"
    zoomed: bool = False
    view: str = "shares"
    place: tuple[int, ...] = (0, 0, 0)  # block, phi step, domain
    marks: tuple[str | tuple[int, ...], ...] = ()  # labels of fields; steps as (block, phi step, domain)
    c_program: str = ""  # name; empty without one
    c_program_base: str = ""  # of the user's own
    c_program_quirks: tuple[tuple[str, bool], ...] = ()
    omp_threads: int = 1


def snapshot(state: State) -> Snapshot:
    """The snapshot of a state."""
    case = state.case
    return Snapshot(
        name=state.name,
        argv=case.argv if case else (),
        pixel=(case.pixel or ()) if case else (),
        phi_mode=state.settings.phi_mode,
        dtype=state.settings.dtype,
        device=state.settings.device,
        quirks=state.settings.quirks,
        field=state.row.label if state.row else "",
        only_differing=state.only_differing,
        query=state.query,
        pane=state.pane,
        zoomed=state.zoomed,
        view=state.view,
        place=state.place,
        marks=state.marks,
        **_program_of(state.settings),
        omp_threads=state.settings.omp_threads,
    )


def from_json(content: Mapping[str, Any]) -> Snapshot:
    """A snapshot from the JSON mapping produced by ``dataclasses.asdict``.

    Raises TypeError or ValueError for anything else; unknown keys are ignored.
    """
    known = {entry.name: getattr(Snapshot, entry.name) for entry in fields(Snapshot)}
    values: dict[str, Any] = {}
    for name, default in known.items():
        value = content.get(name, default)
        value = tuple(value) if isinstance(default, tuple) else value
        if not isinstance(value, type(default)):
            raise TypeError(f"{name} is not a {type(default).__name__}")
        values[name] = value
    for name in ("quirks", "c_program_quirks"):
        values[name] = tuple((str(switch), bool(on)) for switch, on in values[name])
    values["marks"] = tuple(mark if isinstance(mark, str) else _step(mark) for mark in values["marks"])
    values["argv"] = tuple(str(word) for word in values["argv"])
    if len(values["place"]) != 3 or len(values["pixel"]) not in (0, 2):
        raise ValueError("place or pixel has another number of values")
    for name in ("place", "pixel"):
        values[name] = tuple(int(value) for value in values[name])
    return Snapshot(**values)


def _step(mark: Any) -> tuple[int, ...]:
    place = tuple(int(number) for number in mark)
    if len(place) != 3 or min(place) < 0:
        raise ValueError("a marked step is (block, phi step, domain)")
    return place


def settings_of(kept: Snapshot) -> Settings:
    """The simulation settings of the session.

    Raises:
        UnusableInput: its C program is unknown here.
    """
    base, own = kept.c_program_base, dict(kept.c_program_quirks)
    program = restored_program(kept.c_program, base, own) if kept.c_program else None
    return Settings(kept.phi_mode, kept.dtype, kept.device, kept.quirks, program, kept.omp_threads)


def _program_of(settings: Settings) -> dict[str, Any]:
    program = settings.c_program
    if program is None:
        return {}
    return {"c_program": program.name, "c_program_base": program.base, "c_program_quirks": program.quirks}


def case_of(kept: Snapshot, case: Case | None) -> Case | None:
    """The case of the session: the loaded one with the user's changed flags and pixel."""
    if case is None or not kept.argv:
        return case
    pixel = (kept.pixel[0], kept.pixel[1]) if kept.pixel else None
    return replace(case, argv=kept.argv, pixel=pixel)


def restored(state: State, kept: Snapshot) -> State:
    """Restore the position of the session, as far as it exists in the new traces."""
    found = state.comparison.overview.find(kept.field) if state.comparison else None
    cursor = state.cursor if found is None else found
    block, phi, domain = kept.place
    grid = state.contributions
    if grid is not None:
        sizes = (grid.n_blocks, grid.n_phi, grid.n_domains)
        block, phi, domain = (max(0, min(size - 1, n)) for size, n in zip(sizes, kept.place, strict=True))
    return replace(
        state,
        cursor=cursor,
        only_differing=kept.only_differing,
        query=kept.query,
        pane=kept.pane if kept.pane in PANES else state.pane,
        zoomed=kept.zoomed,
        view=kept.view,
        marks=tuple(mark if isinstance(mark, str) else (mark[0], mark[1], mark[2]) for mark in kept.marks),
        block=block,
        phi=phi,
        domain=domain,
    )
