"""Images of beamlines: CBF, TIFF, EDF and MarCCD through fabio, HDF5 of NeXus and Eiger through h5py.

Both packages belong to the extra ``nbtui[images]`` and are imported only for a file that begins as theirs.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nbtui.errors import UnusableInput
from nbtui.trace.text import clean

Values = npt.NDArray[np.generic]
Mask = npt.NDArray[np.bool_]

FABIO = {b"II*\0": "TIFF or MarCCD", b"MM\0*": "TIFF", b"###CBF": "CBF", b"{\n": "EDF", b"{\r\n": "EDF"}
HDF5 = b"\x89HDF"
INSTALL = "pip install 'nbtui[images]'"
_FRAME = re.compile(r"(.+)#(\d{1,9})")
_STACK = re.compile(r"data(_\d+)?")  # names of the datasets that hold frames
_LARGEST = 1 << 29  # pixels of a frame
_MASK_PATH = re.compile(r"(.*/)?pixel_mask")


def frame_of(path: Path) -> tuple[Path, int | None]:
    """The file and the frame of ``FILE#N``, from 0; the frame is None where the whole name is a file, or has no #N."""
    found = None if path.exists() else _FRAME.fullmatch(str(path))
    return (Path(found[1]), int(found[2])) if found else (path, None)


def kind_of(start: bytes) -> str:
    """The kind of file that begins so, in words; empty for any other."""
    if start.startswith(HDF5):
        return "HDF5"
    return next((kind for magic, kind in FABIO.items() if start.startswith(magic)), "")


def read_frame(path: Path, name: str, kind: str, frame: int | None) -> tuple[Values, Mask | None]:
    """The values of a frame in the type of the file, and its valid pixels (None: all).

    Negative values of integer images mark gaps and bad pixels (CBF of Pilatus); so does the largest value of an
    unsigned HDF5 image, and every pixel of a NeXus ``pixel_mask``.

    Raises:
        UnusableInput: the package is absent, or the file is damaged, has no such frame or several without #N.
    """
    package = "h5py" if kind == "HDF5" else "fabio"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of these packages, on damaged files: the error says it
            return _hdf5(path, name, kind, frame) if kind == "HDF5" else _fabio(path, name, kind, frame)
    except ImportError as error:
        raise UnusableInput(f"{name}: {kind} is read by {package}, which is not installed: {INSTALL}") from error
    except UnusableInput:
        raise
    except Exception as error:  # whatever a damaged file makes these packages raise
        reason = clean(str(error).splitlines()[0] if str(error) else type(error).__name__)[:120]
        raise UnusableInput(f"{name}: {kind}, which {package} cannot read ({reason})") from error


def _fabio(path: Path, name: str, kind: str, frame: int | None) -> tuple[Values, Mask | None]:
    import fabio

    logging.getLogger("fabio").setLevel(logging.CRITICAL + 1)  # the exception says it; paths never reach the screen raw
    with fabio.open(str(path)) as opened:
        count = int(opened.nframes)
        chosen = _chosen(count, frame, name)
        values = np.asarray(opened.getframe(chosen).data if count > 1 else opened.data)
    return _checked(values, name, kind), values >= 0 if values.dtype.kind == "i" and (values < 0).any() else None


def _hdf5(path: Path, name: str, kind: str, frame: int | None) -> tuple[Values, Mask | None]:
    import h5py

    with h5py.File(path, "r") as file:
        stacks = [one for one in _datasets(file) if one.ndim in (2, 3)]
        if not stacks:
            raise UnusableInput(f"{name}: no dataset of images called data or data_N")
        counts = [1 if one.ndim == 2 else int(one.shape[0]) for one in stacks]
        left = _chosen(sum(counts), frame, name)
        stack = next(one for one, begin, count in _placed(stacks, counts) if begin <= left < begin + count)
        begin = next(begin for one, begin, _ in _placed(stacks, counts) if one is stack)
        if int(stack.shape[-1]) * int(stack.shape[-2]) > _LARGEST:
            raise UnusableInput(f"{name}: {stack.shape[-2]} x {stack.shape[-1]} is not an image size")
        values = np.asarray(stack[()] if stack.ndim == 2 else stack[left - begin])
        masks = _masks(file, values.shape)
    bad = np.zeros(values.shape, dtype=bool)
    if values.dtype.kind == "u":
        bad |= values == np.iinfo(values.dtype).max
    for mask in masks:
        bad |= mask != 0
    return _checked(values, name, kind), ~bad if bad.any() else None


def _placed(stacks: list[Any], counts: list[int]) -> Iterator[tuple[Any, int, int]]:
    begin = 0
    for one, count in zip(stacks, counts, strict=True):
        yield one, begin, count
        begin += count


def _datasets(file: Any) -> Iterator[Any]:
    """The datasets of frames in the order of their names: of /entry/data, of /entry, of the file."""
    for place in ("entry/data", "entry", "/"):
        group = file.get(place)
        names = sorted(group) if hasattr(group, "keys") else []
        found = [group.get(name) for name in names if _STACK.fullmatch(name)]
        numbered = [one for one in found if one is not None and hasattr(one, "shape")]
        if numbered:
            own = [one for one in numbered if str(one.name).endswith("/data")]
            yield from own or numbered
            return


def _masks(file: Any, shape: tuple[int, ...]) -> list[Values]:
    found: list[Values] = []

    def visit(name: str, item: Any) -> None:
        if _MASK_PATH.fullmatch(name) and getattr(item, "shape", None) == shape:
            found.append(np.asarray(item[()]))

    file.visititems(visit)
    return found


def _chosen(count: int, frame: int | None, name: str) -> int:
    if frame is None and count > 1:
        raise UnusableInput(f"{name}: {count} frames; choose one: {name}#0 to {name}#{count - 1}")
    if frame is not None and frame >= count:
        raise UnusableInput(f"{name}: no frame {frame}; there are {count}, from 0")
    return frame or 0


def _checked(values: Values, name: str, kind: str) -> Values:
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in "fiub":
        raise UnusableInput(f"{name}: {kind} without an image of real numbers (slow, fast)")
    return values
