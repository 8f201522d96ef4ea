"""Signed packages, with the real ssh-keygen: who made a package, and that nothing changed since."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nbtui.cli import main
from support.evidence_packages import copied
from support.schemas import held

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of alice and mallory, and a file of signers that names alice."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("alice", "mallory"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(words, check=True)
    kind, key, _ = (folder / "alice.pub").read_text().split()
    (folder / "signers").write_text(f"# of the lab\nbob ssh-ed25519 AAAA\nalice@lab {kind} {key}\n")
    return folder


@pytest.fixture(scope="module")
def signed(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("signed")
    words = ["export", "demo", "--phi-mode", "c-parity", "--sign", str(keys / "alice"), "--reports", str(root)]
    assert main(words) == 0
    return next(root.iterdir())


def verified(capsys: pytest.CaptureFixture[str], package: Path, *words: str) -> tuple[int, dict[str, str]]:
    """Exit code, and weight and sentence of the finding on the signature."""
    capsys.readouterr()
    code = main(["verify", "--json", str(package), *words])
    found: list[dict[str, Any]] = held(capsys.readouterr().out)["findings"]
    return code, {one["what"]: one["weight"] for one in found if one["file"] == "sha256.txt.sig"}


def checksums(package: Path) -> None:
    names = sorted(path.name for path in package.iterdir() if not path.name.startswith("sha256.txt"))
    sums = (f"{hashlib.sha256((package / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (package / "sha256.txt").write_text("".join(sums))


def test_the_signature_is_that_of_ssh_keygen(signed: Path, keys: Path) -> None:
    """As anybody can check it, without nbtui."""
    words = ["ssh-keygen", "-Y", "verify", "-n", "nbtui-evidence-package", "-I", "alice@lab"]
    words += ["-f", str(keys / "signers"), "-s", str(signed / "sha256.txt.sig")]
    sums = (signed / "sha256.txt").read_bytes()
    assert subprocess.run(words, input=sums, capture_output=True, check=False).returncode == 0
    assert b"sha256.txt" not in sums


def test_a_signer_is_named_if_somebody_asks(signed: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = verified(capsys, signed)
    (what,) = found
    assert code == 0 and found[what] == "remark"
    assert what.startswith("signed with ED25519 key SHA256:") and "signer not checked" in what
    code, found = verified(capsys, signed, "--signers", str(keys / "signers"))
    (what,) = found
    assert code == 0 and what.startswith("signed by alice@lab with ED25519 key SHA256:")


def test_a_stranger_and_nobody_are_no_signers(
    signed: Path, keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signers = ("--signers", str(keys / "signers"))
    package = copied(signed, tmp_path)
    sums = (package / "sha256.txt").read_bytes()
    words = ["ssh-keygen", "-Y", "sign", "-q", "-n", "nbtui-evidence-package", "-f", str(keys / "mallory")]
    done = subprocess.run(words, input=sums, capture_output=True, check=True)
    (package / "sha256.txt.sig").write_bytes(done.stdout)
    assert verified(capsys, package)[0] == 0
    code, found = verified(capsys, package, *signers)
    assert code == 1 and "does not accept" in next(iter(found))
    (package / "sha256.txt.sig").unlink()
    assert verified(capsys, package)[0] == 0
    code, found = verified(capsys, package, *signers)
    assert code == 1 and found == {"is missing: nobody signed this package": "wrong"}


@pytest.mark.parametrize("fault", ["file", "signature", "garbage", "namespace", "pipe"])
def test_a_changed_package_fails_though_its_checksums_fit(
    fault: str, signed: Path, keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = copied(signed, tmp_path)
    signature = package / "sha256.txt.sig"
    if fault == "file":
        with (package / "trace_c.log").open("a") as stream:
            stream.write("a line more\n")
        checksums(package)
    elif fault == "signature":
        lines = signature.read_text().splitlines()
        lines[3] = lines[3][::-1]
        signature.write_text("\n".join(lines) + "\n")
    elif fault == "garbage":
        signature.write_bytes(b"\xff\x00" * 40)
    elif fault == "namespace":  # a signature of the same bytes for something else
        words = ["ssh-keygen", "-Y", "sign", "-q", "-n", "git", "-f", str(keys / "alice")]
        sums = (package / "sha256.txt").read_bytes()
        signature.write_bytes(subprocess.run(words, input=sums, capture_output=True, check=True).stdout)
    else:
        signature.unlink()
        os.mkfifo(signature)
    for words in ([], ["--signers", str(keys / "signers")]):
        code, found = verified(capsys, package, *words)
        assert code == 1 and "wrong" in found.values()


def test_what_cannot_sign_or_check_is_said_before_any_work(
    keys: Path, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "no_key").write_text("text\n")
    for words, sentence in (
        (["export", "demo", "--sign", "missing"], "signing key missing: no such file"),
        (["export", "demo", "--sign", "no_key"], "signing key no_key: ssh-keygen could not sign ("),
        (["verify", ".", "--signers", "missing"], "--signers missing: no readable file"),
    ):
        assert main(words) == 2
        assert sentence in capsys.readouterr().err
    assert not Path("reports").exists()
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["export", "demo", "--sign", str(keys / "alice")]) == 2
    assert "needs ssh-keygen, which is not installed" in capsys.readouterr().err
    assert main(["verify", ".", "--signers", str(keys / "signers")]) == 2
    assert "ssh-keygen is not installed" in capsys.readouterr().err


def test_the_key_of_the_settings_signs_packages(keys: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "nbtui.toml").write_text(f'sign = "{keys / "alice"}"\n')
    assert main(["export", "demo", "--phi-mode", "c-parity", "--reports", "mine"]) == 0
    (package,) = (here / "mine").iterdir()
    code, found = verified(capsys, package, "--signers", str(keys / "signers"))
    assert code == 0 and next(iter(found)).startswith("signed by alice@lab")


def test_without_ssh_keygen_a_signed_package_is_not_judged_whole(
    signed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    code, found = verified(capsys, signed)
    assert code == 5 and list(found.values()) == ["unjudged"]
