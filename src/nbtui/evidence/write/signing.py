"""Signatures by ssh-keygen: a package says who made it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from nbtui.errors import UnusableInput
from nbtui.evidence.layout import SIGNED_AS
from nbtui.trace.text import clean

SSH_KEYGEN = "ssh-keygen"


def check_signing(key: Path) -> None:
    """Refuse early a key that cannot sign.

    Raises:
        UnusableInput: no such file, or no ssh-keygen.
    """
    if not key.is_file():
        raise UnusableInput(f"--sign {clean(str(key))}: no such file; give an SSH key such as ~/.ssh/id_ed25519")
    if shutil.which(SSH_KEYGEN) is None:
        raise UnusableInput("--sign needs ssh-keygen, which is not installed; it comes with OpenSSH")


def signature_of(data: bytes, key: Path) -> bytes:
    """The detached signature of ``data``, armoured, by an SSH key: a private one, or a public one of the agent.

    ssh-keygen asks for a passphrase on the terminal.

    Raises:
        UnusableInput: ssh-keygen refuses.
    """
    words = [SSH_KEYGEN, "-Y", "sign", "-q", "-f", str(key), "-n", SIGNED_AS]
    try:
        done = subprocess.run(words, input=data, capture_output=True, check=False)
    except OSError as error:
        raise UnusableInput(f"--sign: ssh-keygen cannot be started ({error.strerror or error})") from error
    if done.returncode or not done.stdout:
        reason = clean(done.stderr.decode("utf-8", "replace").strip().replace("\n", "; ")) or "no reason given"
        raise UnusableInput(f"--sign {clean(str(key))}: ssh-keygen could not sign ({reason})")
    return done.stdout
