"""Atomic file writes: a file is complete or not there, even if the process is killed or the disk is full."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole(path: Path, size: int = 0) -> Iterator[Path]:
    """A temporary file that replaces `path` when the context ends without an error; otherwise `path` is not changed.

    Raises OSError, at once if the disk has fewer than `size` bytes left.
    """
    if shutil.disk_usage(path.parent).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    unfinished = path.with_name(f"new.{os.getpid()}.{path.name}")  # two processes may write the same file
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
