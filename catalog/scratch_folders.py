"""Folders in which something is put together before it is renamed into place; a killed process leaves none behind."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = ".unfinished-"
YOUNG = 60.0  # seconds: its maker may not have locked it yet


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A folder in `parent`, deleted at the end. Those that killed processes left there are deleted first."""
    _delete_abandoned(parent)
    with tempfile.TemporaryDirectory(dir=parent, prefix=PREFIX) as folder:
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel lifts it when this process ends, however it does
            yield Path(folder)
        finally:
            os.close(lock)


def _delete_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another process works in it, or deletes it
            if time.time() - folder.stat().st_mtime < YOUNG:
                continue
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(lock)
