"""The signature of a package, checked by ssh-keygen: whether it fits the checksums, and who made it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from nbtui.errors import UnusableInput
from nbtui.evidence.check.finding import FileFinding, Weight
from nbtui.evidence.layout import CHECKSUMS, SIGNATURE, SIGNED_AS
from nbtui.evidence.read.folder import read_bytes
from nbtui.trace.text import clean

_SSH_KEYGEN = "ssh-keygen"
_LARGEST = 1 << 16  # bytes of a signature
_GOOD = re.compile(r"Good .* with (\S+ key \S+)")


def check_signers(signers: Path) -> None:
    """Refuse early a file of signers that nothing can be checked with.

    Raises:
        UnusableInput: it is no readable file, or there is no ssh-keygen.
    """
    where = f"--signers {clean(str(signers))}"
    if read_bytes(signers) is None:
        raise UnusableInput(f"{where}: no readable file; give one with lines such as 'alice ssh-ed25519 AAAA...'")
    if _run(["-Y", "find-principals", "-s", str(signers), "-f", str(signers)], b"") is None:
        raise UnusableInput(f"{where}: ssh-keygen is not installed; it comes with OpenSSH")


def check_signature(folder: Path, files: Sequence[str], signers: Path | None = None) -> list[FileFinding]:
    """``signers``: keys by name, in the format of ssh-keygen's allowed signers; one of them has to have signed."""
    if SIGNATURE not in files:
        return [] if signers is None else [FileFinding(SIGNATURE, "is missing: nobody signed this package")]
    sums = read_bytes(folder / CHECKSUMS)
    if sums is None or read_bytes(folder / SIGNATURE, _LARGEST) is None:
        return [FileFinding(SIGNATURE, "cannot be checked: it, or the file that it signs, is unreadable")]
    fits = _run(["-Y", "check-novalidate", "-n", SIGNED_AS, "-s", str(folder / SIGNATURE)], sums)
    if fits is None:
        return [FileFinding(SIGNATURE, "signed; not checked, because ssh-keygen is not installed", Weight.UNJUDGED)]
    if not fits:
        return [FileFinding(SIGNATURE, f"does not fit this {CHECKSUMS}")]
    if signers is None:
        what = f"signed with {_key_of(fits)}; signer not checked (--signers FILE checks it)"
        return [FileFinding(SIGNATURE, what, Weight.REMARK)]
    return [_signed_by(folder / SIGNATURE, sums, signers, _key_of(fits))]


def _signed_by(signature: Path, sums: bytes, signers: Path, key: str) -> FileFinding:
    found = _run(["-Y", "find-principals", "-s", str(signature), "-f", str(signers)], b"") or ""
    for name in found.splitlines():
        words = ["-Y", "verify", "-f", str(signers), "-I", name, "-n", SIGNED_AS, "-s", str(signature)]
        if _run(words, sums):
            return FileFinding(SIGNATURE, f"signed by {clean(name)} with {key}", Weight.REMARK)
    return FileFinding(SIGNATURE, f"signed with {key}, which {clean(str(signers))} does not accept")


def _run(words: Sequence[str], data: bytes) -> str | None:
    """The output of ssh-keygen; "" if it refuses, None if it is not installed."""
    try:
        done = subprocess.run([_SSH_KEYGEN, *words], input=data, capture_output=True, check=False)
    except OSError:
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def _key_of(said: str) -> str:
    """The key that ssh-keygen names, such as ``ED25519 key SHA256:...``."""
    match = _GOOD.match(said)
    return clean(match[1]) if match else "a key"
