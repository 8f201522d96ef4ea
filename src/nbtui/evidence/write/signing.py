"""Signatures by ssh-keygen: a package says who made it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from nbtui.errors import UnusableInput
from nbtui.evidence.layout import SIGNED_AS
from nbtui.trace.text import clean

SSH_KEYGEN = "ssh-keygen"
PATIENCE = 60.0  # s for an agent, or a touch of a key, where nobody is asked on the terminal


def check_signing(key: Path) -> None:
    """Refuse early a key that cannot sign.

    Raises:
        UnusableInput: no such file, or no ssh-keygen.
    """
    if not key.is_file():
        raise UnusableInput(f"signing key {clean(str(key))}: no such file; name an SSH key such as ~/.ssh/id_ed25519")
    if shutil.which(SSH_KEYGEN) is None:
        raise UnusableInput("signing needs ssh-keygen, which is not installed; it comes with OpenSSH")


def signature_of(data: bytes, key: Path, *, asks: bool = True) -> bytes:
    """The detached signature of ``data``, armoured, by an SSH key: a private one, or a public one of the agent.

    ``asks``: ssh-keygen may ask for a passphrase on the terminal; otherwise it has no terminal, and little time.

    Raises:
        UnusableInput: ssh-keygen refuses.
    """
    words = [SSH_KEYGEN, "-Y", "sign", "-q", "-f", str(key), "-n", SIGNED_AS]
    try:
        done = subprocess.run(
            words,
            input=data,
            capture_output=True,
            check=False,
            start_new_session=not asks,
            timeout=None if asks else PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise UnusableInput(f"signing key {clean(str(key))}: no signature within {PATIENCE:g} s") from error
    except OSError as error:
        raise UnusableInput(f"signing: ssh-keygen cannot be started ({error.strerror or error})") from error
    if done.returncode or not done.stdout:
        reason = clean(done.stderr.decode("utf-8", "replace").strip().replace("\n", "; ")) or "no reason given"
        remedy = "" if asks else "; for a key with a passphrase, add it with ssh-add and give its public half"
        raise UnusableInput(f"signing key {clean(str(key))}: ssh-keygen could not sign ({reason}){remedy}")
    return done.stdout
