"""metrics.json read in parts: the factors that reading it whole shows, whatever its layout and whatever came before."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtui.evidence.layout import METRICS
from nbtui.evidence.read import chain_metrics as parts
from nbtui.evidence.read.chain_metrics import chain_metrics, first_labels, in_chain
from nbtui.evidence.read.contents import Contents
from nbtui.evidence.read.folder import object_in

TABLES = ("factors", "other_fields")
NAMES = st.sampled_from(
    ["steps", "steps[1]", "polar", "I_before_scaling", "rot_a_angstroms.x", "hkl_frac.h", "odd", "a}b", "factors", "é"]
)
LEAVES = st.floats(-9, 9) | st.sampled_from([None, True, 7, "text", "{", '}\n    },\n    "steps": {', "\\", "nan"])
FACTORS = st.dictionaries(st.sampled_from(["c_value", "py_value", "status"]), LEAVES, min_size=1)
NESTED = st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=14)


def files(values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    """Objects with tables of these values, in any order of their keys."""
    table = st.dictionaries(NAMES, values, max_size=6)
    entries = {"schema": st.just(1), "first_divergence_label": NAMES, "units": FACTORS}
    return st.fixed_dictionaries(entries, optional=dict.fromkeys(TABLES, table)).flatmap(
        lambda found: st.permutations(list(found.items())).map(dict)
    )


class Held(Contents):
    """A package of one file."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(Path("nowhere"), (METRICS,))
        self._read[METRICS] = raw


def shown(metrics: dict[str, object]) -> str:
    """Everything that a list takes from an object; NaN differs from itself."""
    labels = first_labels(metrics)
    of_tables = {
        name: {key: value for key, value in table.items() if in_chain(key) or key in labels}
        for name, table in metrics.items()
        if name in TABLES and isinstance(table, dict)
    }
    return str({**metrics, **of_tables})


def same(text: str) -> None:
    """A file read in parts shows what it shows when read whole."""
    raw = text.encode("utf-8", "surrogatepass")
    (whole, fault), (read, problem) = object_in(raw), chain_metrics(Held(raw))
    assert (shown(read), problem) == (shown(whole), fault)


def laid_out(value: object, chance: random.Random) -> str:
    """JSON with any of our line breaks before any key and brace."""
    if not isinstance(value, dict):
        return json.dumps(value)
    gaps = ("\n  ", "\n    ", "\n    ", "\n      ", "")
    entries = (f"{chance.choice(gaps)}{json.dumps(key)}: {laid_out(item, chance)}" for key, item in value.items())
    return f"{{{','.join(entries)}{chance.choice(gaps)}}}"


@settings(max_examples=80, deadline=None)
@given(files(FACTORS))
def test_a_file_as_nbtui_writes_it(found: dict[str, object]) -> None:
    same(json.dumps(found, indent=2) + "\n")
    same(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(files(NESTED), st.randoms(use_true_random=False), st.sampled_from(["", *TABLES]))
def test_a_file_of_any_layout(found: dict[str, object], chance: random.Random, doubled: str) -> None:
    text = laid_out(found, chance)
    same(text)
    same(text.replace('"units"', f'"{doubled}"') if doubled else json.dumps(found, indent=2))


@settings(max_examples=150, deadline=None)
@given(
    files(FACTORS),
    st.sampled_from(["", "{", "}", '"', ",", "\n", "\n    },", '\n    },\n    "steps": {', "\n    }\n  }", "NaN"]),
    st.floats(0, 1),
    st.integers(0, 12),
)
def test_a_damaged_file_that_is_still_json(found: dict[str, object], piece: str, part: float, lost: int) -> None:
    text = json.dumps(found, indent=2)
    at = int(part * len(text))
    damaged = text[:at] + piece + text[at + lost :]
    if not object_in(damaged.encode())[1]:
        same(damaged)


@settings(max_examples=60, deadline=None)
@given(files(FACTORS), st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_never_read(found: dict[str, object], part: float) -> None:
    text = json.dumps(found, indent=2)
    read, problem = chain_metrics(Held(text[: int(part * len(text))].encode()))
    assert read == {} and problem.startswith("is not valid JSON")


def table(*names: str) -> str:
    return json.dumps({"factors": {name: {"c_value": at} for at, name in enumerate(names)}, "units": {}}, indent=2)


@pytest.mark.parametrize(
    "other",
    [
        table("hkl_frac.h", "polar", "steps"),  # other names
        table("hkl_frac.k", "polar", "steps"),  # another order
        table("hkl_frac.k", "I_before_scaling", "polar"),
        table("hkl_frac.k", "steps", "polar", "odd").replace('"units": {}', '"units": 1'),  # more, as many braces
        table("hkl_frac.k", "steps").replace('"units": {}', '"units": {}, "notes": {}'),  # fewer, as many braces
        table("hkl_frac.k", "steps", "polar").replace('"c_value": 0', '"c_value": {}').replace('"units": {}', '"u": 1'),
        table("hkl_frac.k", "steps", "polar").replace("\n    },", "},", 1),
        table("hkl_frac.k", "steps", "polar").replace('"hkl_frac.k": {', '"odd": 1,\n    "hkl_frac.k": {'),
        table("hkl_frac.k", "steps", "polar").replace("\n    }\n  }", "}}"),
    ],
)
def test_the_layout_of_the_file_before_is_not_taken_for_that_of_the_next(other: str) -> None:
    before = table("hkl_frac.k", "steps", "polar")
    for text in (before, other, before):
        same(text)


def test_layouts_are_kept_for_a_few_sizes_of_a_table() -> None:
    for count in range(1, parts.MOST_LAYOUTS + 9):
        text = table("polar", *(f"odd{number}" for number in range(count)))
        same(text)
        assert len(chain_metrics(Held(text.encode()))[0]["factors"]) == 1
    assert len(parts._LAYOUTS) <= parts.MOST_LAYOUTS
