"""Inputs that once showed a fault, and the inputs that every reader begins with."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.readers import CORPUS, READERS, Reader, found_inputs

FOUND = [(reader, path) for reader in READERS.values() for path in found_inputs(reader)]


@pytest.mark.parametrize(("reader", "path"), FOUND, ids=[f"{reader.name} {path.name}" for reader, path in FOUND])
def test_a_found_input_is_read_or_refused(
    reader: Reader, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "input").write_bytes(path.read_bytes())
    reader.read(tmp_path / "input")


def test_every_folder_of_the_corpus_belongs_to_a_reader() -> None:
    assert {path.name for path in CORPUS.iterdir()} <= {name.replace(" ", "_") for name in READERS}
