"""metrics.json for a list: the entries and factors that reading it whole shows, whatever it holds."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtui.evidence.layout import METRICS
from nbtui.evidence.read.chain_metrics import ENTRIES, TABLES, chain_metrics, first_labels, in_chain
from nbtui.evidence.read.contents import Contents
from nbtui.evidence.read.folder import object_in

NAMES = st.sampled_from(
    ["steps", "steps[1]", "polar", "I_before_scaling", "rot_a_angstroms.x", "hkl_frac.h", "odd", "a}b", "factors", "é"]
)
LEAVES = st.floats(-9, 9) | st.sampled_from([None, True, 7, "text", "{", '}\n    },\n    "steps": {', "\\", "nan"])
FACTORS = st.dictionaries(st.sampled_from(["c_value", "py_value", "status"]), LEAVES, min_size=1)
NESTED = st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=14)


def files(values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    """Objects with tables of these values, in any order of their keys."""
    table = st.dictionaries(NAMES, values, max_size=6)
    entries = {"first_divergence_label": NAMES, "units": FACTORS}
    optional = {"schema": st.just(1), **dict.fromkeys(TABLES, table)}
    return st.fixed_dictionaries(entries, optional=optional).flatmap(
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
    listed = {key: value for key, value in metrics.items() if key in ENTRIES or "schema" not in metrics}
    return str(sorted({**listed, **of_tables}.items()))


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


TEXT = """
{
  "schema": "nbtui.metrics",
  "first_divergence_label": "odd [name].x",
  "factors": {
    "rot_a_angstroms.x": {"c_value": 1.0, "description": "a vector"},
    "odd [name].x": {"c_value": 2.0, "description": "the first divergence"},
    "I_before_scaling": {"c_value": 3.0, "description": "of the chain"},
    "steps[1]": {"c_value": 4, "description": "of the chain, too"}
  },
  "other_fields": {"polar": {"c_value": 5.0}, "hkl_frac.h": {"c_value": 6.0}},
  "notes": ["}", "{"]
}
"""


def test_a_list_reads_what_it_shows() -> None:
    expected = json.loads(TEXT)
    del expected["notes"], expected["factors"]["rot_a_angstroms.x"], expected["other_fields"]["hkl_frac.h"]
    assert chain_metrics(Held(TEXT.encode())) == (expected, "")


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        *(changed("3.0", value) for value in ("NaN", "-Infinity", "1e999", "-0", "9" * 40, '"nan"', "{}", '"\\ud800"')),
        *(changed("1.0", value) for value in ("NaN", "1e999", "2.0:", "[" * 99 + "]" * 99)),  # not shown
        *(changed('{"c_value": 5.0}', value) for value in ("1", "[]", "null", "{}")),
        *(changed('"hkl_frac.h": {"c_value": 6.0}', f'"odd": {value}') for value in ("1", "[]", "null")),
        changed('"factors"', '"other_fields"'),  # twice: the last one counts
        changed('"steps[1]"', '"I_before_scaling"'),
        changed("rot_a", "\\u0072ot_a"),
        changed("steps", "\\u0073teps"),
        changed('"factors"', '"\\u0066actors"'),
        changed('"schema"', '"\\u0073chema"'),
        changed("of the chain", "\ud800"),  # half of a surrogate pair is not UTF-8
        changed("a vector", "\ud800"),
        changed("a vector", "\t"),
        changed("a vector", "é€𝄞"),
        changed("nbtui.metrics", "\x00"),
        "\ufeff" + TEXT,
        TEXT + "{}",
        f"[{TEXT}]",
        "[]",
        "",
    ],
)
def test_a_file_of_any_content(text: str) -> None:
    same(text)


def test_files_with_other_factors_in_turn() -> None:
    first = {"schema": 1, "first_divergence_label": "odd"}
    tables = [("hkl_frac.k", "polar"), ("polar", "hkl_frac.k"), ("polar", "odd"), ("odd", "steps"), ("polar",), ()]
    for names in (*tables, *tables[::-1]):
        for more in (first, {"schema": 1}):
            same(json.dumps({**more, "factors": {name: {"c_value": at} for at, name in enumerate(names)}}))
