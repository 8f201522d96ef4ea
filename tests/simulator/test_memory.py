"""The memory available to a process: of the machine, of its control groups, of its own limits."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from nbsim.memory import available_bytes

GB = 1 << 30
PAGE = os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def system(tmp_path: Path) -> tuple[Path, Path]:
    """A /proc of a machine with 8 GB available, and a /sys/fs/cgroup, both without control groups."""
    proc, cgroups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    cgroups.mkdir()
    (proc / "meminfo").write_text(f"MemTotal: 16000000 kB\nMemAvailable: {8 * GB // 1024} kB\n")
    (proc / "self" / "statm").write_text("1000 500 100 1 0 300 0\n")
    return proc, cgroups


def group(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def v2(most: int | str, used: int, cached: int = 0) -> dict[str, str]:
    stat = f"anon 5\ninactive_file {cached}\n"
    return {"memory.max": f"{most}\n", "memory.current": f"{used}\n", "memory.stat": stat}


def test_without_control_groups_the_machine_decides(system: tuple[Path, Path]) -> None:
    assert available_bytes(*system) == 8 * GB


def test_the_tightest_group_above_a_process_decides(system: tuple[Path, Path]) -> None:
    proc, cgroups = system
    (proc / "self" / "cgroup").write_text("0::/user.slice/job\n")
    group(cgroups / "user.slice", v2(3 * GB, GB, GB // 2))
    group(cgroups / "user.slice" / "job", v2("max", GB))
    assert available_bytes(proc, cgroups) == 2 * GB + GB // 2
    group(cgroups / "user.slice" / "job", v2(GB, GB // 4))
    assert available_bytes(proc, cgroups) == GB - GB // 4
    group(cgroups / "user.slice" / "job", v2(GB, 2 * GB))
    assert available_bytes(proc, cgroups) == 0


def test_a_container_sees_its_group_at_the_root(system: tuple[Path, Path]) -> None:
    proc, cgroups = system
    (proc / "self" / "cgroup").write_text("0::/docker/0123\n")
    group(cgroups, v2(2 * GB, GB))
    assert available_bytes(proc, cgroups) == GB


def test_version_1_of_control_groups(system: tuple[Path, Path]) -> None:
    proc, cgroups = system
    (proc / "self" / "cgroup").write_text("5:cpu,cpuacct:/\n4:memory:/slurm/job\n1:name=systemd:/\n0::/\n")
    files = {"memory.limit_in_bytes": f"{4 * GB}", "memory.usage_in_bytes": f"{3 * GB}"}
    group(cgroups / "memory" / "slurm" / "job", {**files, "memory.stat": f"total_inactive_file {GB}\n"})
    assert available_bytes(proc, cgroups) == 2 * GB
    group(cgroups / "memory" / "slurm" / "job", {**files, "memory.stat": "nonsense\n\n"})
    assert available_bytes(proc, cgroups) == GB
    group(cgroups / "memory" / "slurm" / "job", {"memory.limit_in_bytes": str(2**63 - 4096)})  # without a limit
    assert available_bytes(proc, cgroups) == 8 * GB


@pytest.mark.parametrize("text", ["", ":\n::\n", "0::/../../..\n", "memory\n", "4:memory:\n", "\0"])
def test_an_odd_list_of_groups_is_no_limit(text: str, system: tuple[Path, Path]) -> None:
    proc, cgroups = system
    (proc / "self" / "cgroup").write_text(text)
    assert available_bytes(proc, cgroups) == 8 * GB


def test_the_limits_of_the_process_count(system: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    proc, cgroups = system
    limits = {resource.RLIMIT_AS: (GB, resource.RLIM_INFINITY), resource.RLIMIT_DATA: (2 * GB, 2 * GB)}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: limits[kind])
    assert available_bytes(proc, cgroups) == GB - 1000 * PAGE
    limits[resource.RLIMIT_AS] = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    assert available_bytes(proc, cgroups) == 2 * GB - 300 * PAGE


@pytest.mark.slow
def test_a_table_beyond_ulimit_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "far.hkl").write_text("0 0 0 1\n800 800 800 2\n")  # 4 GB as a table
    program = (
        "import resource, sys; from nbsim.cli import main\n"
        "import nbsim, torch\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30),) * 2)\n"
        "sys.exit(main('-hkl far.hkl -cell 30 40 50 90 90 90 -lambda 1 -N 2 -distance 100 -detpixels 4'.split()))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert "far.hkl: the dense table" in done.stderr and "of memory" in done.stderr
