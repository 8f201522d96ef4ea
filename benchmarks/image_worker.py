"""One experiment, rendered once per line on stdin; answers are JSON lines. Started by contenders.py."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def peak_mib() -> float:
    """Largest resident size of this process so far."""
    status = Path("/proc/self/status")
    if status.is_file():  # ru_maxrss would begin with the size of the process that started this one
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1024)


def main() -> None:
    told = json.loads(sys.argv[1])
    begun = time.perf_counter()
    import torch

    torch.set_num_threads(told["threads"])
    torch.ones(1000).sum()
    imported, torch_alone = time.perf_counter() - begun, peak_mib()
    from nbsim import Experiment

    begun, cpu_begun = time.perf_counter(), time.process_time()
    experiment = Experiment.from_command(
        told["words"], told["folder"], phi_mode="c-parity", dtype=getattr(torch, told["dtype"])
    )
    ready = {
        "import_seconds": imported,
        "setup_seconds": time.perf_counter() - begun,
        "setup_cpu_seconds": time.process_time() - cpu_begun,
        "torch_mib": torch_alone,
    }
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        begun, cpu_begun = time.perf_counter(), time.process_time()
        image = experiment.image(compile_kernel=told["compile"])
        elapsed, cpu = time.perf_counter() - begun, time.process_time() - cpu_begun
        peak = peak_mib()
        if line.strip():
            Path(line.strip()).write_bytes(image.photons.numpy().tobytes())
        answer = {"seconds": elapsed, "cpu_seconds": cpu, "compiled": image.compiled, "peak_mib": peak}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
