"""What systems leave among people's files. Nothing here needs Django: training reads folders with it as well."""

from __future__ import annotations

# Folded. Synology, QNAP, macOS, Windows, Linux.
_NAMES = frozenset(
    {
        *("@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot"),
        *("__macosx", "network trash folder", "temporary items", "icon\r"),
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "lost+found"),
    }
)


def is_clutter(name: str) -> bool:
    """Whether a file or folder of this name is a system's own, or hidden (`._photo.jpg` of a Mac)."""
    return name.startswith(".") or name.casefold() in _NAMES
