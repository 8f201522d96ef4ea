"""Remedies: the changes of the live side that close the gap.

A fault of the live side is corrected: it follows C. A fault of the C side is imitated: the live side
follows this C log. Each hypothesis names its quirks and settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nbtui.diagnosis.explain.causes import Cause
from nbtui.diagnosis.hypotheses.catalogue import CATALOGUE
from nbtui.diagnosis.hypotheses.crystal import CARRY_OVER
from nbtui.diagnosis.hypotheses.record import CauseKind, DecisiveSetting, Hypothesis
from nbtui.live.door import quirks_of
from nbtui.live.model import Settings
from nbtui.live.parameters.edits import Edit, same
from nbtui.live.parameters.table import QUIRK, parameters
from nbtui.live.parameters.tuning import Tuning

HOW = ("phi_mode", "dtype", "device")  # parameters of how to simulate, not of what


@dataclass(frozen=True)
class Remedy:
    """``edits`` of parameters, ids of parameters to restore to their start, and a ``sentence`` for the user."""

    edits: tuple[Edit, ...]
    restored: tuple[str, ...]
    sentence: str
    possible: bool = True


def remedy(cause: Cause, side: str, tuning: Tuning) -> Remedy:
    """The changes of the live side. ``side``: the faulty one.

    If nothing can be changed, ``possible`` is False and the sentence says why.
    """
    printed = [name for name in cause.ids if CATALOGUE[name].kind is CauseKind.PRINT]
    edits = tuple(_edits(cause, side, tuning))
    restored = () if side == "C" else tuple(_own_changes(cause, edits, tuning))
    if side != "C" and not (edits or restored) and len(printed) < len(cause.ids):
        # a switch that has been off from the start, under another name
        edits = tuple(Edit(f"{QUIRK}{name}", True) for name, on in tuning.now.settings.quirks if not on)
    if edits or restored:
        words = [*(f"{edit.id} {_word(edit.value)}" for edit in edits), *(f"{id} as started" for id in restored)]
        rest = f"; {', '.join(printed)} concerns trace lines only and remains" if printed else ""
        return Remedy(edits, restored, f"applied: {', '.join(words)}{rest}")
    if len(printed) == len(cause.ids):
        return Remedy((), (), f"{', '.join(printed)}: {_PRINTED_ONLY}", False)
    if side == "C":
        return Remedy((), (), "the live side has no switch that imitates this C log; correct the C side", False)
    return Remedy((), (), "the live side has no switch for this cause", False)


_PRINTED_ONLY = "a matter of the trace line, not of the simulation; correct the print statement"


def _edits(cause: Cause, side: str, tuning: Tuning) -> Iterator[Edit]:
    as_c = side != "C"
    of_program = {name for name, _ in cause.quirks}
    for hypothesis in (CATALOGUE[name] for name in cause.ids):
        if of_program.intersection(hypothesis.quirks):
            continue
        if hypothesis.setting is not None:
            yield from _set(hypothesis.setting, as_c, tuning.now.settings)
        yield from _switched(hypothesis, as_c, tuning)
    yield from _of_program(cause.quirks, as_c, tuning.now.settings)
    if not as_c:
        yield from _configured(cause.options, tuning)


def _of_program(quirks: Sequence[tuple[str, bool]], as_c: bool, settings: Settings) -> Iterator[Edit]:
    """Edits of the quirks in which a C program differs from the assumed one: away from it, or towards it."""
    present, explicit = quirks_of(settings), dict(settings.quirks)
    for name, state in quirks:
        wanted = state != as_c
        if getattr(present, name) == wanted:
            continue
        if name == CARRY_OVER.quirks[0] and name not in explicit:
            yield Edit("phi_mode", "c-parity" if wanted else "spec")
        else:
            yield Edit(f"{QUIRK}{name}", wanted)


def _set(setting: DecisiveSetting, as_c: bool, settings: Settings) -> Iterator[Edit]:
    wanted = setting.as_c if as_c else setting.otherwise
    if wanted is not None and getattr(settings, setting.name) != wanted:
        yield Edit(setting.name, wanted)


def _switched(hypothesis: Hypothesis, as_c: bool, tuning: Tuning) -> Iterator[Edit]:
    """Edits of the hypothesis's quirks; if a setting decides them, only of those switched by name."""
    by_name = dict(tuning.now.settings.quirks)
    for quirk in hypothesis.quirks:
        if quirk not in by_name and hypothesis.setting is not None:
            continue
        on = by_name.get(quirk, True)
        # which of several quirks a C log lacks is unknown
        if on != as_c and (as_c or len(hypothesis.quirks) == 1):
            yield Edit(f"{QUIRK}{quirk}", as_c)


def _configured(options: Sequence[tuple[str, Any]], tuning: Tuning) -> Iterator[Edit]:
    """A set-up value of the C log, as edits of parameters."""
    typed = tuning.typed.values
    for field, value in options:
        for row in parameters():
            if row.field != field or row.kind not in ("number", "whole"):
                continue
            if row.part is not None and not (isinstance(value, tuple) and row.part < len(value)):
                continue
            wanted = (value if row.part is None else value[row.part]) * row.per
            if not same(typed.get(row.id), wanted):
                yield Edit(row.id, wanted)
            if row.part is None:
                break  # one flag suffices; others of the same field are other spellings


def _own_changes(cause: Cause, edits: Sequence[Edit], tuning: Tuning) -> Iterator[str]:
    """Parameters changed since the start, for a cause without a switch of its own."""
    known = [CATALOGUE[name] for name in cause.ids]
    if edits and all(hypothesis.quirks or hypothesis.setting or cause.quirks for hypothesis in known):
        return
    taken = {edit.id for edit in edits}
    for edit in tuning.edits:
        if edit.id not in HOW and edit.id not in taken:
            yield edit.id


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
