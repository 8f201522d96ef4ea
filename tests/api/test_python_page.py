"""docs/python.md: its blocks run, and it lists every public name and attribute."""

from __future__ import annotations

import inspect
import re
import shutil
from pathlib import Path

import pytest

from nbtui import api
from support.places import DEMO, TOP

PAGE = (TOP / "docs" / "python.md").read_text("utf-8")
VERBS = ("read_trace", "compare", "diagnose", "compare_images", "export", "verify", "simulate")
ERRORS = ("NbtuiError", "UnusableInput", "SimulationFailed", "NotWritten")
RESULT = re.compile(r"^\| `(\w+Result)` \| [^|]+ \| ([^|]+) \|$", re.M)


def public_attributes(result: type) -> set[str]:
    fields = getattr(result, "__dataclass_fields__", {})
    return {name for name in (*vars(result), *fields) if not name.startswith("_")}


@pytest.mark.slow
def test_the_blocks_run(here: Path) -> None:
    for name in ("trace_c.log", "image.npy"):
        shutil.copy(DEMO / name, here)
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    assert len(blocks) > 6
    exec(compile("\n".join(blocks), "docs/python.md", "exec"), {})
    assert (here / "difference.png").stat().st_size > 1000 and len(list((here / "reports").iterdir())) == 1


def test_the_page_lists_exactly_the_public_names() -> None:
    rows = dict(RESULT.findall(PAGE))
    assert set(api.__all__) == {*VERBS, *ERRORS, *rows}
    assert set(dir(api)) == set(api.__all__)
    for name, attributes in rows.items():
        assert set(re.findall(r"`(\w+)(?:\(\w*\))?`", attributes)) == public_attributes(getattr(api, name)), name


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_documented_and_typed(verb: str) -> None:
    function = getattr(api, verb)
    assert len((inspect.getdoc(function) or "").splitlines()) >= 3
    assert "Raises:" in function.__doc__ and f"`{verb}(" in PAGE
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(parameter.annotation is not inspect.Parameter.empty for parameter in signature.parameters.values())


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        api.nothing  # noqa: B018
