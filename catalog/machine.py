"""How much memory this machine has, or the container we run in."""

from __future__ import annotations

from pathlib import Path

import psutil

CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))  # v2, v1


def memory_bytes(limits: tuple[Path, ...] = CGROUP_LIMITS) -> int:
    """Of the machine, or what the container may use of it where that is less."""
    found = [int(psutil.virtual_memory().total)]
    for limit in limits:
        try:
            found.append(int(limit.read_text()))
        except (OSError, ValueError):  # no cgroups of this version; "max": no limit
            continue
    return min(found)
