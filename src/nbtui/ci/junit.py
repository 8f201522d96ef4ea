"""JUnit XML: one suite, a test case for each check.

Element order and attributes satisfy both schemas in use, that of Ant (windyroad) and that of Jenkins (xUnit plugin).
"""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

from nbtui.ci.checks import Check, CheckList


def junit_xml(found: CheckList, when: datetime, seconds: float) -> str:
    """The file as text. ``when``: start of the comparison; ``seconds``: its time as a whole, that of the suite."""
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        id="0",
        package="nbtui",
        name=found.name,
        timestamp=when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        hostname="localhost",
        tests=str(len(found.checks)),
        failures=str(len(found.failed)),
        errors="0",
        skipped=str(sum(bool(check.skipped) for check in found.checks)),
        time=f"{seconds:.3f}",
    )
    properties = ElementTree.SubElement(suite, "properties")
    ElementTree.SubElement(properties, "property", name="verdict", value=found.verdict)
    for check in found.checks:
        suite.append(_case(check, found.name))
    ElementTree.SubElement(suite, "system-out").text = "\n".join([found.verdict, *found.findings])
    ElementTree.SubElement(suite, "system-err").text = ""
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _case(check: Check, suite: str) -> ElementTree.Element:
    """A test case; its time is part of the suite's."""
    group = f"{suite}.{check.group}".replace(" ", "_")
    case = ElementTree.Element("testcase", classname=group, name=check.name, time="0")
    if check.failure:
        ElementTree.SubElement(case, "failure", message=check.failure, type="divergence").text = check.failure
    elif check.skipped:
        ElementTree.SubElement(case, "skipped", message=check.skipped)
    return case
