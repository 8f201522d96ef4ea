"""Text after ``:``: a target (field, stage, step, pixel) or an action, by its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from nbtui.console.action import Action
from nbtui.console.main import marks, stepping
from nbtui.console.main.actions import ACTIONS
from nbtui.console.main.state import State, nearest, visible
from nbtui.parity.overview import first_of_stage
from nbtui.trace.fields.catalogue import STAGES

SHOWN = 9  # visible candidates
_FEW = 10_000  # rows searched one by one
_OFFERED = 100
_STEP_WORDS = {
    "phi": "phi",
    "step": "phi",
    "domain": "domain",
    "mosaic": "domain",
    "source": "source",
    "sub": "sub",
    "subpixel": "sub",
    "sub-pixel": "sub",
    "layer": "layer",
}
_PIXEL = re.compile(r"pixel\s+(\d{1,6})(?:\s*,\s*|\s+)(\d{1,6})")
_STEP = re.compile(r"([a-z-]+)\s+(\d{1,7})")
_EMPTY_HINTS = ("pixel SLOW FAST", "phi N", "domain N", "source N", "sub N", "layer N")


@dataclass(frozen=True)
class Target:
    """A possible meaning of the text: one of a new state, an action's id, or a pixel (slow, fast)."""

    name: str
    kind: str  # field, stage, step, mark, pixel, key
    note: str
    move: Callable[[State], State] | None = None
    action: str = ""
    pixel: tuple[int, int] | None = None


def targets(state: State) -> list[Target]:
    """All possible meanings of the text, best first; without text: the stages, the steps and the actions."""
    text = " ".join((state.prompt or "").casefold().split())
    if not text:
        return [*_marks("", state), *_stages("", state), *_actions("", state)]
    found = [
        *_numbers(text, state),
        *_marks(text, state),
        *_stages(text, state),
        *_fields(text, state),
        *_actions(text, state),
    ]
    return sorted(found, key=lambda target: _rank(target, text))


def hints() -> str:
    """Examples of valid text, for an empty prompt."""
    return "field, stage, key, " + ", ".join(_EMPTY_HINTS)


def typed(state: State, key: str, character: str | None) -> tuple[State, Target | None]:
    """State after a key in the prompt, and the chosen target if Enter ended it."""
    text = state.prompt or ""
    if key == "escape" or (key == "backspace" and not text):
        return replace(state, prompt=None, message=""), None
    if key in ("up", "down", "ctrl+p", "ctrl+n"):
        last = max(0, len(targets(state)) - 1)
        by = 1 if key in ("down", "ctrl+n") else -1
        return replace(state, choice=max(0, min(last, state.choice + by))), None
    if key in ("tab", "enter"):
        return _chosen(state, key)
    after = text[:-1] if key == "backspace" else text + (character or "")
    return replace(state, prompt=after, choice=0), None


def _chosen(state: State, key: str) -> tuple[State, Target | None]:
    found = targets(state)
    if not found:
        return replace(state, message=f"no match for {state.prompt!r}"), None
    target = found[min(state.choice, len(found) - 1)]
    if key == "tab":
        return replace(state, prompt=target.name, choice=0), None
    closed = replace(state, prompt=None, choice=0, message="")
    return (target.move(closed), None) if target.move else (closed, target)


def _rank(target: Target, text: str) -> tuple[int, int]:
    name = target.name.casefold()
    if target.kind in ("step", "pixel"):
        return 0, 0
    if name == text:
        return 1, 0
    order = {"stage": 0, "mark": 1, "field": 2, "key": 3}[target.kind]
    if name.startswith(text):
        return 2, order
    if text in name:
        return 3, order
    return 4, order


def _matches(text: str, *where: str) -> bool:
    everywhere = " ".join(where).casefold()
    return all(word in everywhere for word in text.split())


def _numbers(text: str, state: State) -> Iterator[Target]:
    pixel = _PIXEL.fullmatch(text)
    if pixel and state.can_simulate:
        slow, fast = int(pixel[1]), int(pixel[2])
        yield Target(f"pixel {slow} {fast}", "pixel", f"simulate pixel slow {slow} fast {fast}", pixel=(slow, fast))
    step = _STEP.fullmatch(text)
    axis = _STEP_WORDS.get(step[1]) if step else None
    if step is None or axis is None or state.contributions is None:
        return
    size, wanted = state.contributions.sizes[axis], int(step[2])
    words = stepping.WORDS[axis]
    note = f"{words} {wanted} of 0 to {size - 1}" if wanted < size else f"there is no such {words}: 0 to {size - 1}"
    yield Target(f"{step[1]} {wanted}", "step", note, move=lambda s: _to_step(s, axis, wanted))


def _to_step(state: State, axis: str, wanted: int) -> State:
    grid = state.contributions
    if grid is None:
        return state
    if wanted >= grid.sizes[axis]:
        return replace(state, message=f"there is no {stepping.WORDS[axis]} {wanted}: 0 to {grid.sizes[axis] - 1}")
    place = grid.place({**grid.indices(state.place), axis: wanted})
    return stepping.at(replace(state, axis=axis, playing=False), place)


def _marks(text: str, state: State) -> Iterator[Target]:
    for mark in state.marks:
        name = marks.words(state, mark)
        if _matches(text, name, "mark"):
            yield Target(name, "mark", "marked", move=partial(marks.at, mark=mark))


def _stages(text: str, state: State) -> Iterator[Target]:
    tallies = state.comparison.overview.tallies if state.comparison else ()
    first = first_of_stage(tallies, among_raised=False)
    for stage in STAGES:
        index = first.get(stage)
        if index is not None and _matches(text, stage.label, stage):
            yield Target(stage.label, "stage", "first field of this stage", move=partial(_to_row, index=index))


def _fields(text: str, state: State) -> Iterator[Target]:
    """Rows whose label or description contains all words; only the first repetition, unless the text has ``[``."""
    seen: set[tuple[str, str]] = set()
    for index in _candidates(text, state):
        row = state.rows[index]
        named = _matches(text, row.label)
        if not named and not _matches(text, row.label, row.description):
            continue
        kind = (row.field, row.component if named else "")
        if kind in seen and "[" not in text:
            continue
        seen.add(kind)
        yield Target(row.label, "field", row.description, move=partial(_to_row, index=index))


def _candidates(text: str, state: State) -> Sequence[int]:
    """Candidate rows for the text; only the first of very many with an index."""
    if state.comparison is None:
        return ()
    overview = state.comparison.overview
    if "[" not in text:
        return sorted(tally.first for tally in overview.tallies)
    return range(len(state.rows)) if len(state.rows) <= _FEW else overview.matches(text)[:_OFFERED]


def _to_row(state: State, index: int) -> State:
    """Move the cursor to a row; show all rows again if the filter hides it."""
    shown = replace(state, cursor=index, pane="fields" if state.pane == "steps" else state.pane)
    rows = visible(shown)
    there = bool(rows) and rows[nearest(rows, index)] == index
    return shown if there else replace(shown, only_differing=False)


def _actions(text: str, state: State) -> Iterator[Target]:
    for entry in ACTIONS:
        if entry.id != "jump" and entry.when(state) and _matches(text, *_words(entry)):
            yield Target(entry.id.replace("_", " "), "key", f"{entry.help}  ({entry.shown})", action=entry.id)


def _words(entry: Action[State]) -> tuple[str, ...]:
    return entry.id.replace("_", " "), entry.label, entry.help
