"""Python programs on terminals, forked from one process that has torch in memory: importing it costs more than they do.

``python warm_start.py DESCRIPTOR`` is that process. An order is a JSON object with the descriptor of a terminal; the
program runs in a session of its own and becomes a child of whoever gave the order.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h: orphans below become our children
LONGEST = 1 << 20  # bytes of an order


class WarmStart:
    """The process as a test sees it."""

    def __init__(self) -> None:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, __file__, str(theirs.fileno())]
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment)
        theirs.close()

    def start(self, program: str, folder: Path, environment: dict[str, str], terminal: int) -> int:
        """Run the program; its process number."""
        order = json.dumps({"program": program, "folder": str(folder), "environment": environment})
        socket.send_fds(self.channel, [order.encode()], [terminal])
        return int(self.channel.recv(LONGEST))

    def close(self) -> None:
        self.channel.close()
        self.process.wait()


def _serve(channel: socket.socket) -> None:
    import torch  # noqa: F401

    import nbsim.api  # noqa: F401

    while True:
        order, descriptors, *_ = socket.recv_fds(channel, LONGEST, 1)
        if not order:
            return
        (terminal,) = descriptors
        between = os.fork()  # ends at once, so that the program has no parent here
        if between == 0:
            pid = os.fork()
            if pid == 0:
                channel.close()
                _run(terminal, **json.loads(order))
                return
            channel.send(str(pid).encode())
            os._exit(0)
        os.waitpid(between, 0)
        os.close(terminal)


def _run(terminal: int, program: str, folder: str, environment: dict[str, str]) -> None:
    """As ``python -c PROGRAM`` does, whatever the program raises included."""
    os.login_tty(terminal)
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        stream = open(descriptor, mode, buffering=1, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["-c"]
    exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
