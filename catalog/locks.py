"""PostgreSQL advisory locks: one process at a time does a piece of work; a lock ends with its connection."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

POLL = 0.5  # seconds


@contextmanager
def advisory_lock(subject: str, key: int | str = 0, *, wait: bool = False) -> Iterator[bool]:
    """Whether this process holds the lock on `key` of `subject`. Reentrant within a connection.

    `wait` polls until the lock is free. Waiting inside the database would hold a snapshot that blocks CREATE INDEX
    CONCURRENTLY.
    """
    number = "%s" if isinstance(key, int) else "hashtext(%s)"
    parameters = (f"visualsearch {subject}", key)
    with connection.cursor() as cursor:
        while True:
            cursor.execute(f"SELECT pg_try_advisory_lock(hashtext(%s), {number})", parameters)
            (taken,) = cursor.fetchone() or (False,)
            if taken or not wait:
                break
            time.sleep(POLL)
    try:
        yield taken
    finally:
        if taken:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock(hashtext(%s), {number})", parameters)
