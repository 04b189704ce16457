"""Files that are there whole or not at all, whenever the process is killed or the disk is full."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole(path: Path, size: int = 0) -> Iterator[Path]:
    """A file to write in place of `path`, which it becomes when all of it is written; else `path` stays as it was.

    Raises OSError, at once where the disk has less than `size` bytes left.
    """
    if shutil.disk_usage(path.parent).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    unfinished = path.with_name(f"new.{os.getpid()}.{path.name}")  # two processes may write the same file
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
