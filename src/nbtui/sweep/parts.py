"""Parts of a sweep, made on several machines, joined into one folder."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from nbtui.errors import NotWritten, UnusableInput
from nbtui.sweep.rows import LOGS, ROWS, RowFile
from nbtui.trace.text import clean


def join(parts: Sequence[Path], folder: Path) -> int:
    """Copy rows and logs of all parts to ``folder``, each key once; the number of new rows.

    Raises:
        UnusableInput: a part has no rows.
        NotWritten: a file cannot be written.
    """
    target = RowFile(folder / ROWS)
    seen = {row.key for row in target.read()}
    count = 0
    for part in parts:
        if not (part / ROWS).is_file():
            raise UnusableInput(f"{clean(str(part))}: no {ROWS} in it; name the folder of a part")
        fresh = [row for row in RowFile(part / ROWS).read() if row.key not in seen]
        seen.update(row.key for row in fresh)
        try:
            (folder / LOGS).mkdir(parents=True, exist_ok=True)
            for row in fresh:
                log = part / LOGS / f"{row.key}.log"
                if log.is_file():
                    shutil.copyfile(log, folder / LOGS / log.name)
        except OSError as error:
            raise NotWritten(f"{clean(str(error.filename or folder))}: {error.strerror or error}") from error
        target.append(fresh)
        count += len(fresh)
    return count
