"""Docstrings of the docs site: roles become links, comments behind attributes their descriptions.

An extension of griffe, which mkdocstrings reads the source with.
"""

from __future__ import annotations

import io
import re
import tokenize
from typing import Any

import griffe

_ROLE = re.compile(r":(?:class|meth|func|mod|attr):`~?([\w.]+)`")
_PUBLIC = re.compile(r"nbsim\.[A-Z]\w+(?:\.[a-z]\w*)?")  # a class of the interface, or a method of it


class Docstrings(griffe.Extension):
    """Own conventions of docstrings in the terms of mkdocstrings."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of an object, once it is read."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """Describe an attribute by the comment behind it."""
        comment = last_comment(attr.lines) if attr.docstring is None else ""
        if comment:
            attr.docstring = griffe.Docstring(f"{comment[0].upper()}{comment[1:]}", parent=attr)


def as_markdown(text: str) -> str:
    """A docstring with links in place of roles and names of pages, and without the double colon in front of code."""
    text = re.sub(r"(?<![\w/`])docs/(\w+)\.md", r"[docs/\1.md](\1.md)", _ROLE.sub(_link, text))
    return re.sub(r"::(?=\n\n {4})", ":", text)


def _link(match: re.Match[str]) -> str:
    name = match[1]
    return f"[`{name.removeprefix('nbsim.')}`][{name}]" if _PUBLIC.fullmatch(name) else f"`{name}`"


def last_comment(lines: list[str]) -> str:
    """The comment at the end of the last line; empty without one."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(lines[-1].strip() if lines else "").readline))
    except tokenize.TokenError:  # the last line of a longer expression
        return ""
    comments = [token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT and token.start[1] > 0]
    return comments[-1] if comments else ""
