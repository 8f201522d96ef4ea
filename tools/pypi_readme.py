"""README.md as the description on PyPI, where relative links and pictures lead nowhere: a metadata hook of hatchling.

They become addresses of the tagged version below ``Repository`` of ``[project.urls]``. Without that address, which only
the owner of the repository knows, the text stays as it is.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class PypiReadme(MetadataHookInterface):
    """Sets ``readme``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the text to the metadata."""
        text = (Path(self.root) / "README.md").read_text("utf-8")
        repository = metadata.get("urls", {}).get("Repository", "")
        if repository:
            text = with_addresses(text, repository.rstrip("/"), metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def with_addresses(text: str, repository: str, version: str) -> str:
    """The text with an address for every relative link: ``raw`` for pictures, ``blob`` for pages."""

    def address(match: re.Match[str]) -> str:
        mark, label, target = match.groups()
        kind = "raw" if target.endswith((".svg", ".png")) else "blob"
        return f"{mark}[{label}]({repository}/{kind}/v{version}/{target})"

    return re.sub(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)]+)\)", address, text)
