"""Files of the catalogue on this machine's disk: a name never stands for half a file."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from django.core.files import File
from django.core.files.storage import FileSystemStorage

UNFINISHED = ".unfinished-"  # what a name begins with while its file is being written


class AtomicFileSystemStorage(FileSystemStorage):
    """Writes to a temporary name in the same folder, then renames: a full disk leaves no file that looks whole."""

    def _save(self, name: str, content: File) -> str:
        path = Path(name)
        temporary = str(path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}"))
        try:
            super()._save(temporary, content)  # type: ignore[misc]
            return self._placed(Path(self.path(temporary)), name)
        finally:
            with suppress(FileNotFoundError):
                Path(self.path(temporary)).unlink()

    def _placed(self, temporary: Path, name: str) -> str:
        """The name under which the file is now found: another one where somebody was quicker."""
        while True:
            try:
                os.link(temporary, self.path(name))  # unlike a rename, never over another file
                return name
            except FileExistsError:
                name = self.get_available_name(name)
            except PermissionError:  # a file system without hard links
                temporary.rename(self.path(name))
                return name
