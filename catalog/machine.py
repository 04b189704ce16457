"""Memory of this machine, or of the container this process runs in."""

from __future__ import annotations

from pathlib import Path

import psutil

CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))  # v2, v1


def memory_bytes(limits: tuple[Path, ...] = CGROUP_LIMITS) -> int:
    """Bytes of physical memory, or the container's limit if that is lower."""
    found = [int(psutil.virtual_memory().total)]
    for limit in limits:
        try:
            found.append(int(limit.read_text()))
        except (OSError, ValueError):  # this cgroup version is not in use, or the limit is "max"
            continue
    return min(found)
