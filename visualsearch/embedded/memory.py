"""How much memory the embedded server takes: a share of the machine's, unless an operator says otherwise."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from catalog.machine import memory_bytes

logger = logging.getLogger(__name__)

FILE = "visualsearch.conf"
INCLUDE = f"include_if_exists = '{FILE}'  # written at each start; ALTER SYSTEM overrides it"


def write_memory_settings(data_directory: Path) -> None:
    """Let the server of `data_directory` take, at its next start, what suits the machine (PostgreSQL's own advice).

    SHARED_BUFFERS in the environment, as Postgres writes sizes ("2GB"), takes the place of a quarter of the memory.
    """
    megabytes = memory_bytes() // 2**20
    buffers = os.environ.get("SHARED_BUFFERS") or f"{max(megabytes // 4, 128)}MB"
    text = f"shared_buffers = '{buffers}'\neffective_cache_size = '{max(megabytes // 2, 256)}MB'\n"
    file, configuration = data_directory / FILE, data_directory / "postgresql.conf"
    if not file.exists() or file.read_text() != text:
        file.write_text(text)
        file.chmod(0o644)  # the server runs as another user where we are root
        logger.info("The embedded Postgres takes %s of %s MB of memory as shared_buffers.", buffers, f"{megabytes:,}")
    if INCLUDE not in configuration.read_text().splitlines():
        with configuration.open("a") as lines:
            lines.write(f"\n{INCLUDE}\n")
