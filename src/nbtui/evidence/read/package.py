"""Reading an evidence package of any origin into one frozen value.

No content makes this raise, and no file is changed: a package of half garbage gives a value that names
that half. spec/evidence_package.md, "Reading older packages".
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from nbtui.evidence.layout import C_LOG, CHECKSUMS, COMMANDS, ENVIRONMENT, METRICS, PER_PHI, SUMMARY, TERMS, UNKNOWN
from nbtui.evidence.read import legacy
from nbtui.evidence.read.chain_metrics import chain_metrics, first_labels, in_chain
from nbtui.evidence.read.contents import Contents
from nbtui.evidence.read.folder import list_files, mapping, number, object_in, stamp_time, text
from nbtui.evidence.read.gap import Gap, Subject, missing, of_file
from nbtui.parity.coverage import TOO_LITTLE
from nbtui.parity.percent import percent

NEW = "new"
OLD = "old"
PORT_KEYS = {"port commit": "commit", "port torch": "torch"}  # of the origin of the Python log
ENVIRONMENT_KEYS = (
    *PORT_KEYS,
    "python",
    "torch",
    "numpy",
    "nbtui",
    "git_sha",
    "branch",
    "cuda_device",
    "platform",
    "cpu",
)
GATE = "I_before_scaling"  # relative_delta of metrics.json is of this field
PIXEL = "I_pixel_final"  # the gap of a package is of this one, as on the main screen
HEX_LINE = re.compile(rb"[0-9a-fA-F]{64}\s[ *]?\S")
GIT_SHA = re.compile(rb"\s*[0-9a-fA-F]{7,40}\s*")


class Factor(NamedTuple):  # a list of packages builds hundreds of thousands
    """One compared field as metrics.json records it; numbers as floats in the field's own unit."""

    name: str
    unit: str
    description: str
    c_value: float | str | None
    py_value: float | str | None
    abs_delta: float | None
    rel_delta: float | None
    status: str


@dataclass(frozen=True)
class Package:
    """The content of one package. Empty strings and None: not stated."""

    path: Path
    stamp: str  # name of the directory
    time: datetime | None  # UTC of the run: from the run's own record, else from the stamp
    format: str  # NEW (has a schema) or OLD
    case: str
    pixel: tuple[int, int] | None  # (slow, fast)
    phi_mode: str  # "spec", "c-parity" or ""
    dtype: str
    device: str
    verdict: str  # one line
    agrees: bool | None  # None if nothing was compared
    first_divergence: str | None  # name of the field
    first_label: str  # with occurrence and component, as in ``factors``; "" without a divergence
    reaching: str | None  # name of the first divergent field that reaches the pixel; None if no file states it
    reaching_label: str  # as ``first_label``
    relative_delta: float | None  # (Py - C) / |C| of I_before_scaling
    factors: tuple[Factor, ...]  # pipeline order, as written
    environment: tuple[tuple[str, str], ...]  # ENVIRONMENT_KEYS that are known
    trace_hash: str  # of the trace lines of both sides; "" without a Python trace
    files: tuple[str, ...]  # sorted names
    lacks: tuple[Gap, ...]  # missing, unusual or inferred parts
    quirks: tuple[tuple[str, bool], ...] | None = None  # those set; None if not stated
    made_by: tuple[tuple[str, str], ...] = ()  # known origin of the Python log: command, folder, commit, torch
    reference: str = ""  # "C" for a C log, "nbsim 0.2 as stock C" for a simulation in its place
    sides: tuple[str, str] = ("C", "Python")  # as the package names them

    @property
    def simulated_reference(self) -> bool:
        """Whether the reference is a simulation standing in for a C log."""
        return self.reference not in ("", "C")

    @property
    def gap_field(self) -> str:
        """The field of the gap: the pixel's value, or what older packages have in its place."""
        return PIXEL if _rel_delta(self.factor(PIXEL)) is not None else GATE

    @property
    def gap(self) -> float | None:
        """(Py - C) / |C| of ``gap_field``."""
        found = _rel_delta(self.factor(PIXEL))
        return self.relative_delta if found is None else found

    @property
    def principal(self) -> str | None:
        """The field of the first divergence that reaches the pixel; of the first of all where that is not stated."""
        return self.reaching or self.first_divergence

    @property
    def without_divergence(self) -> str:
        """The outcome of a package without a divergence, in a word or two; ``-`` where nothing was compared."""
        if self.agrees:
            return "agree"
        return TOO_LITTLE if self.verdict == TOO_LITTLE else "-"

    @property
    def principal_label(self) -> str:
        """The label of the principal divergence."""
        return self.reaching_label or self.first_label

    def factor(self, name: str) -> Factor | None:
        """The factor of this name, or None."""
        for factor in self.factors:  # a list of packages looks up tens of thousands
            if factor.name == name:
                return factor
        return None


def read_package(path: Path, *, chain_only: bool = False) -> Package:
    """The package in directory ``path``. Never raises: unreadable parts are named in ``lacks``.

    ``chain_only`` keeps the factors of the scaling chain and the first divergences: for an index of thousands.
    """
    path = Path(path)
    return package_of(Contents(path, list_files(path)), chain_only=chain_only)


def package_of(contents: Contents, *, chain_only: bool = False) -> Package:
    """The package of these files, as `read_package`."""
    path, files = contents.path, contents.names
    metrics, problem = chain_metrics(contents) if chain_only else contents.json(METRICS)
    lacks = [of_file(Subject.METRICS, METRICS, problem)] if problem else []
    modern = "schema" in metrics or "schema_version" in metrics
    facts = legacy.Facts() if modern else legacy.facts(contents, metrics)
    lacks.extend(facts.gaps)
    factors = _factors(metrics, chain_only=chain_only) or tuple(Factor(*row) for row in facts.table)
    gate = next((factor for factor in factors if factor.name == GATE), None)
    first = _first_divergence(metrics) or facts.first_divergence or None
    relative = number(metrics.get("relative_delta"))
    relative = gate.rel_delta if relative is None and gate is not None else relative
    agrees = _agrees(metrics, first, bool(factors))
    phi_mode = text(metrics.get("phi_mode")) or facts.phi_mode
    label = text(metrics.get("first_divergence_label")) or first or ""
    reaching = text(metrics.get("first_reaching_divergence"))
    reaching_label = text(metrics.get("first_reaching_divergence_label")) or reaching
    stated = stamp_time(path.name)
    pixel = _pixel(metrics.get("pixel")) or facts.pixel
    names = set(files)
    lacks.extend(_missing(names, metrics, modern, factors))
    lacks.extend(_checksum_file(contents))
    for word, known in (("case", text(metrics.get("case")) or facts.case), ("pixel", pixel), ("phi mode", phi_mode)):
        if not known:
            lacks.append(Gap(Subject.STATEMENT, f"{word} is not stated anywhere"))
    return Package(
        path=path,
        stamp=path.name,
        time=facts.time or stated,
        format=NEW if modern else OLD,
        case=text(metrics.get("case")) or facts.case,
        pixel=pixel,
        phi_mode=phi_mode,
        dtype=text(metrics.get("dtype")) or facts.dtype,
        device=text(metrics.get("device")) or facts.device,
        verdict=_verdict(metrics, agrees, (label, reaching_label), factors, relative),
        agrees=agrees,
        first_divergence=first,
        first_label=label,
        reaching=reaching or None,
        reaching_label=reaching_label,
        relative_delta=relative,
        factors=factors,
        environment=_environment(contents, metrics, facts),
        trace_hash=_stated_hash(metrics) or trace_hash(contents),
        files=files,
        lacks=tuple(lacks),
        quirks=_quirks(metrics.get("quirks")),
        made_by=_made_by(metrics),
        reference=stand_in_of(metrics) or ("C" if C_LOG in names else ""),
        sides=_side_names(metrics),
    )


def python_logs(files: Iterable[str]) -> list[str]:
    """Names of the main Python trace logs among ``files`` (the per-phi logs are not)."""
    logs = [name for name in files if name.startswith("trace_py") and not name.endswith(PER_PHI)]
    return [name for name in logs if re.fullmatch(r"trace_py.*\.log", name)]


def trace_hash(contents: Contents) -> str:
    """sha256 of the traces: the TRACE_PY lines of the Python log and the bytes of the C log.

    The C log enters by its line in sha256.txt, so that indexing ten thousand packages does not read it.
    """
    digest = hashlib.sha256()
    lines = 0
    for name in python_logs(contents.names):
        for line in (contents.bytes(name) or b"").splitlines():
            if line.startswith(b"TRACE_PY"):
                digest.update(b" ".join(line.split()) + b"\n")
                lines += 1
    if not lines:
        return ""
    if C_LOG in contents.names:
        for line in (contents.bytes(CHECKSUMS) or b"").splitlines():
            if line.endswith(C_LOG.encode()):
                digest.update(line[:64].lower())
    return digest.hexdigest()


def percentage(relative: float | None) -> str:
    """A relative delta as printed, e.g. ``-8.73 %``; "-" for none."""
    return "-" if relative is None else percent(relative)


def _factors(metrics: dict[str, object], *, chain_only: bool) -> tuple[Factor, ...]:
    table = {**mapping(metrics.get("factors")), **mapping(metrics.get("other_fields"))}
    first = first_labels(metrics)
    return tuple(
        [
            _factor(name, entry)
            for name, entry in table.items()
            if isinstance(entry, dict) and entry and (not chain_only or name in first or in_chain(name))
        ]
    )


def _factor(name: str, entry: dict[str, object]) -> Factor:
    of = entry.get
    values = _number_or_text(of("c_value")), _number_or_text(of("py_value"))
    deltas = number(of("abs_delta")), number(of("rel_delta"))
    return Factor(name, text(of("unit")), text(of("description")), *values, *deltas, text(of("status")))


def _number_or_text(value: object) -> float | str | None:
    found = number(value)
    return found if found is not None else text(value) or None


def _first_divergence(metrics: dict[str, object]) -> str | None:
    value = metrics.get("first_divergence")
    entry = mapping(value)
    found = text(value) or text(entry.get("label")) or text(entry.get("field"))
    return None if found in ("", "none", "None") else found


def _pixel(value: object) -> tuple[int, int] | None:
    pair = (mapping(value).get("slow"), mapping(value).get("fast"))
    if isinstance(value, list) and len(value) == 2:
        pair = (value[0], value[1])
    slow, fast = number(pair[0]), number(pair[1])
    if slow is None or fast is None or not (slow.is_integer() and fast.is_integer()):
        return None
    return int(slow), int(fast)


def switched(quirks: Iterable[tuple[str, object]]) -> str:
    """Quirks with their states, such as ``phi_carryover=on``; "none" without any."""
    return ", ".join(f"{name}={'on' if on else 'off'}" for name, on in quirks) or "none"


def _quirks(value: object) -> tuple[tuple[str, bool], ...] | None:
    if not isinstance(value, dict):
        return None
    return tuple(sorted((name, on) for name, on in value.items() if isinstance(on, bool)))


def _rel_delta(factor: Factor | None) -> float | None:
    return None if factor is None else factor.rel_delta


def _gap_of(factors: tuple[Factor, ...], label: str, relative: float | None) -> float | None:
    entry = next((factor for factor in factors if factor.name == label), None)
    return entry.rel_delta if entry is not None else relative


def _agrees(metrics: dict[str, object], first: str | None, compared: bool) -> bool | None:
    stated = {"agree": True, "diverge": False}.get(text(metrics.get("verdict")))
    if stated is not None or "schema" in metrics:
        return stated
    return first is None if compared or first is not None else None


def _verdict(
    metrics: dict[str, object],
    agrees: bool | None,
    labels: tuple[str, str],
    factors: tuple[Factor, ...],
    relative: float | None,
) -> str:
    """One line. ``labels``: of the first divergence, and of the first that reaches the pixel or ""."""
    if text(metrics.get("verdict")) == TOO_LITTLE:
        return TOO_LITTLE
    if agrees is None:
        return "nothing was compared" if metrics else "nothing readable was compared"
    if agrees:
        return "agree"
    first, reaching = labels
    label = reaching or first
    which = "first divergence that reaches the pixel" if reaching not in ("", first) else "first divergence"
    return f"{which} {label or '?'} {percentage(_gap_of(factors, label, relative))}"


def _stated_hash(metrics: dict[str, object]) -> str:
    sides = mapping(metrics.get("trace_sha256"))
    c, py = text(sides.get("c")), text(sides.get("py"))
    return f"{c}+{py}" if c and py else ""


def _environment(contents: Contents, metrics: dict[str, object], facts: legacy.Facts) -> tuple[tuple[str, str], ...]:
    known = dict(facts.environment)
    made = dict(_made_by(metrics))
    known |= {key: made[name] for key, name in PORT_KEYS.items() if name in made}
    known |= _surroundings(metrics)
    if ENVIRONMENT in contents.names:
        known |= _surroundings_in(contents.bytes(ENVIRONMENT) or b"")
    return tuple([(key, known[key]) for key in ENVIRONMENT_KEYS if key in known])


@functools.lru_cache(maxsize=16)  # runs of one machine have the same env.json
def _surroundings_in(raw: bytes) -> dict[str, str]:
    return _surroundings(object_in(raw)[0])


def _surroundings(source: Mapping[str, object]) -> dict[str, str]:
    known = {}
    for key in ENVIRONMENT_KEYS:
        value = source.get(key)
        if value is None and key == "cuda_device":
            value = source.get("cuda_devices")
        if isinstance(value, list):
            value = ", ".join(str(item) for item in value)
        if value is not None and value != "" and value != {}:
            known[key] = str(value)
    return known


def _sides(metrics: Mapping[str, object]) -> list[dict[str, object]]:
    sides = metrics.get("sides")
    return [mapping(side) for side in sides] if isinstance(sides, list) else []


def _side_names(metrics: Mapping[str, object]) -> tuple[str, str]:
    """The names of both sides; older packages have the same for all."""
    names = [text(side.get("name")) for side in _sides(metrics)]
    return (names[0], names[1]) if len(names) == 2 and all(names) else ("C", "Python")


def _made_by(metrics: dict[str, object]) -> tuple[tuple[str, str], ...]:
    found = next((mapping(side.get("made_by")) for side in _sides(metrics) if side.get("made_by")), {})
    return tuple((key, text(value)) for key, value in found.items() if text(value) not in ("", UNKNOWN))


def _missing(names: set[str], metrics: dict[str, object], modern: bool, factors: tuple[Factor, ...]) -> list[Gap]:
    found = []
    if not python_logs(sorted(names)):
        found.append(Gap(Subject.PYTHON_TRACE, "no Python trace (trace_py_scaling_<device>.log)"))
    if C_LOG not in names:
        found.append(Gap(Subject.FILE, f"no C trace ({C_LOG})", C_LOG, "is missing"))
    steps = number(metrics.get("phi_steps"))
    if (steps is None or steps > 1) and not any(name.endswith(PER_PHI) for name in names):
        found.append(Gap(Subject.PER_PHI, "no per-phi log"))
    found.extend(missing(name) for name in (TERMS, ENVIRONMENT, SUMMARY, COMMANDS) if name not in names)
    if modern and not factors:
        found.append(of_file(Subject.METRICS, METRICS, "has no factors"))
    return found


def _checksum_file(contents: Contents) -> list[Gap]:
    if CHECKSUMS not in contents.names:
        return [missing(CHECKSUMS, Subject.CHECKSUMS)]
    raw = contents.bytes(CHECKSUMS)
    if raw is None:
        return [of_file(Subject.CHECKSUMS, CHECKSUMS, "cannot be read")]
    if any(HEX_LINE.match(line) for line in raw.splitlines()):
        return []
    part = "holds a git SHA instead of checksums" if GIT_SHA.fullmatch(raw) else "holds no checksums"
    return [of_file(Subject.CHECKSUMS, CHECKSUMS, part)]


def stand_in_of(metrics: Mapping[str, object]) -> str:
    """What simulated the reference of a package, as nbtui names it; empty for a C log."""
    made = next((mapping(side.get("simulation")) for side in _sides(metrics) if side.get("role") == "reference"), {})
    return f"{text(made.get('simulator'))} as {text(made.get('c_program'))} C" if made else ""
