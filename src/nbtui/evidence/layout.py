"""Names in a package: its files, and the words that its writer, its readers and its checks agree on.

Source: spec/evidence_package.md, Files.
"""

from __future__ import annotations

METRICS = "metrics.json"
ENVIRONMENT = "env.json"
SUMMARY = "summary.md"
COMMANDS = "commands.txt"
CHECKSUMS = "sha256.txt"
SIGNATURE = "sha256.txt.sig"  # of the checksums, by ssh-keygen; not among them
C_LOG = "trace_c.log"
TERMS = "terms.csv"
PYTHON_LOG = "trace_py_scaling_"  # then the device
RUN_LOG = "run_{}.log"  # of the extra commands, from 1
PER_PHI = "_per_phi.log"  # the end of the name of the log with the phi lines

STAMP_FORMAT = "%Y%m%dT%H%M%SZ"  # of a directory's name, UTC
UNKNOWN = "unknown"  # of the origin of a Python log
GIVEN_LOG = "a given log"  # python_trace in metrics.json
SIMULATED = "simulated by nbtui"  # the other value
RUN_AT = "# "  # above each command in commands.txt; then its UTC time and directory
FROM_SETTINGS = "# added by nbtui.toml: "  # above an export; then the options that were not typed
WARNS = "WARNING: "  # before each warning in a simulated log
STATUS = "# exit status: "  # after each command in commands.txt
EXTRA_LOG = "   log: "  # then the file with the output of an extra command
SIGNED_AS = "nbtui-evidence-package"  # namespace of signatures, which are good for nothing else
EXPORT = "nbtui export"  # the command that made the package
