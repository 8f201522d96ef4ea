"""The compiled kernel on disk: whose files are loaded, what damaged and hostile ones do, what a build leaves."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from nbsim import from_command, kernel_is_built
from nbsim.errors import Interrupted
from nbsim.image import compiled
from nbsim.image.compiled import CannotBuildError
from nbsim.image.kept import kept, why_not_trusted
from nbsim.image.render import render

PLAIN = "-default_F 50 -cell 30 40 50 90 90 90 -misset 5 10 15 -lambda 1 -distance 60 -pixel 2 -oversample 1 -N 4"
SMALL = f"{PLAIN} -detpixels 8"

needs_compiler = pytest.mark.skipif(compiled.missing_compiler() is not None, reason="no C compiler here")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, unknown to this process."""
    path = tmp_path / "kernels"
    monkeypatch.setenv("NBSIM_CACHE", str(path))
    monkeypatch.setattr(compiled, "_loaded", {})
    return path


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes]:
    """Name and bytes of a compiled kernel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBSIM_CACHE", str(tmp_path_factory.mktemp("made")))
        patch.setattr(compiled, "_loaded", {})
        compiled.build(torch.float64)
        (path,) = Path(os.environ["NBSIM_CACHE"]).iterdir()
        return path.name, path.read_bytes()


def put(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    path.chmod(0o600)
    return path


@needs_compiler
def test_a_build_leaves_one_file_of_this_user_alone(folder: Path) -> None:
    assert not kernel_is_built(torch.float64)
    compiled.build(torch.float64)
    (path,) = folder.iterdir()
    assert path.suffix == ".so"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert kernel_is_built(torch.float64) and not kernel_is_built(torch.float32)


@needs_compiler
@pytest.mark.parametrize("damage", ["cut", "empty", "one byte", "text", "longer"])
def test_a_damaged_file_is_removed_and_built_again(damage: str, folder: Path, content: tuple[str, bytes]) -> None:
    name, whole = content
    broken = {
        "cut": whole[: len(whole) // 2],
        "empty": b"",
        "one byte": whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:],
        "text": b"no kernel",
        "longer": whole + b"\0",
    }[damage]
    path = put(folder, name, broken)
    assert compiled.load(torch.float64) is None
    assert not path.exists()
    experiment = from_command(SMALL)
    assert render(experiment, compile_kernel=True).compiled
    assert [found.read_bytes() for found in folder.iterdir()] == [whole]


@needs_compiler
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_not_loaded(mode: int, folder: Path, content: tuple[str, bytes]) -> None:
    path = put(folder, *content)
    assert kernel_is_built(torch.float64)
    path.chmod(mode)
    assert compiled.load(torch.float64) is None


@needs_compiler
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777, 0o1777])
def test_a_folder_that_others_can_write_is_not_used(mode: int, folder: Path, content: tuple[str, bytes]) -> None:
    path = put(folder, *content)
    folder.chmod(mode)
    assert compiled.load(torch.float64) is None
    assert render(from_command(SMALL), compile_kernel=True).compiled  # compiled for this process alone
    assert list(folder.iterdir()) == [path]


@needs_compiler
def test_a_folder_above_that_others_can_write_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: tuple[str, bytes]
) -> None:
    above = tmp_path / "above"
    above.mkdir()
    monkeypatch.setenv("NBSIM_CACHE", str(above / "kernels"))
    put(above / "kernels", *content)
    assert why_not_trusted(above / "kernels") is None
    above.chmod(0o777)
    assert "other users can rename" in str(why_not_trusted(above / "kernels"))
    above.chmod(0o1777)  # where only owners rename, such as /tmp
    assert why_not_trusted(above / "kernels") is None


@as_root
@needs_compiler
@pytest.mark.parametrize("what", ["file", "folder", "above"])
def test_what_another_user_wrote_is_not_loaded(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: tuple[str, bytes]
) -> None:
    folder = tmp_path / "above" / "kernels"
    folder.parent.mkdir()
    monkeypatch.setenv("NBSIM_CACHE", str(folder))
    monkeypatch.setattr(compiled, "_loaded", {})
    path = put(folder, *content)
    assert kernel_is_built(torch.float64)
    os.chown({"file": path, "folder": folder, "above": folder.parent}[what], 12345, 12345)
    assert not kernel_is_built(torch.float64)
    assert compiled.load(torch.float64) is None


@needs_compiler
@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_what_is_not_a_plain_file_is_not_loaded(
    kind: str, folder: Path, tmp_path: Path, content: tuple[str, bytes]
) -> None:
    name, whole = content
    folder.mkdir(mode=0o700)
    if kind == "link":
        (folder / name).symlink_to(put(tmp_path, "elsewhere.so", whole))
    elif kind == "fifo":
        os.mkfifo(folder / name, 0o600)
    else:
        (folder / name).mkdir()
    assert compiled.load(torch.float64) is None


def test_a_file_for_other_arguments_is_not_loaded(folder: Path, content: tuple[str, bytes]) -> None:
    """Whole and of this user, but not the kernel: as after a collision, or a library without its symbols."""
    put(folder, *content)
    path = kept(folder, compiled._name(torch.float64, compiled.PIXELS))
    assert path is not None
    assert compiled._opened(path, torch.float32, compiled.PIXELS) is None


@needs_compiler
@pytest.mark.parametrize("place", ["file/kernels", "/dev/full/kernels", "/proc/nowhere"])
def test_an_impossible_folder_costs_the_file_only(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    (tmp_path / "file").write_text("")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(compiled, "_loaded", {})
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setenv("NBSIM_CACHE", str(tmp_path / place))
    assert render(from_command(SMALL, here), compile_kernel=True).compiled
    assert not kernel_is_built(torch.float64)
    assert list(scratch.iterdir()) == []


@as_root
@needs_compiler
def test_a_full_disk_costs_the_file_only(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs", str(folder)], capture_output=True
    ).returncode:
        pytest.skip("no file system of a few KiB here")
    try:
        assert render(from_command(SMALL), compile_kernel=True).compiled
        assert list(folder.iterdir()) == []
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_without_a_compiler_torch_computes_and_says_so_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    told: list[str] = []
    image = render(from_command(SMALL), compile_kernel=True, notice=told.append)
    assert not image.compiled
    assert told == ["no C compiler 'no-such-compiler' here; torch computes the image, several times slower"]
    assert not folder.exists()


@pytest.mark.parametrize("compiler", ["false", "true"])
def test_a_compiler_that_fails_is_named(compiler: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", f"{compiler} -x")
    with pytest.raises(CannotBuildError, match=f"'{compiler} -x' fails"):
        compiled.build(torch.float64)
    assert list(folder.iterdir()) == []


def test_nobody_waits_unasked(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "slow-cc"
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o700)
    monkeypatch.setenv("CC", str(slow))
    begun = time.monotonic()
    with pytest.raises(CannotBuildError, match="takes too long"):
        compiled.build(torch.float64, longest=0.3)
    assert time.monotonic() - begun < 10.0
    assert list(folder.iterdir()) == []


def test_stopping_a_build_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    monkeypatch.setattr(compiled, "missing_compiler", lambda: None)
    monkeypatch.setenv("CC", "sh -c 'sleep 60' sh")
    told: list[str] = []
    with pytest.raises(Interrupted):
        render(from_command(SMALL, here), compile_kernel=True, cancelled=lambda: bool(told), notice=told.append)
    assert len(told) == 1 and "compiling the kernel" in told[0]
    assert list(folder.iterdir()) == []


def test_short_runs_build_nothing(folder: Path, here: Path) -> None:
    assert not render(from_command(SMALL, here)).compiled
    assert not folder.exists()


BUILD = "import torch; from nbsim.image.compiled import build; build(torch.float64); print('built')"


@needs_compiler
@pytest.mark.slow
def test_two_builds_at_once_leave_one_kernel(folder: Path) -> None:
    builds = [subprocess.Popen([sys.executable, "-c", BUILD], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [build.communicate(timeout=120)[0].strip() for build in builds] == ["built", "built"]
    assert len(list(folder.iterdir())) == 1
    assert compiled.load(torch.float64) is not None


@pytest.mark.slow
def test_a_killed_build_leaves_neither_process_nor_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "slow-cc"
    slow.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nsleep 1\nexit 1\n")
    slow.chmod(0o700)
    monkeypatch.setenv("CC", str(slow))
    build = subprocess.Popen([sys.executable, "-c", BUILD])
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip() != "")
    build.send_signal(signal.SIGKILL)
    build.wait()
    until(lambda: not list(folder.iterdir()))
    compiler = int((tmp_path / "pid").read_text())
    until(lambda: not Path(f"/proc/{compiler}").exists())


def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition, half a minute at most."""
    ends = time.monotonic() + 30.0
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)
