"""A database of their own for benchmarks, which never write to the shop's."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psycopg
from django.core.management.base import CommandError
from django.db import connection
from psycopg import sql

from ml.models import ModelVersion
from search.indexing.rollout import index_name

BYTES_PER_PHOTO = 4_500  # product, photo, embedding, indexes and the log of writing them: 3.6 kB at 100,000
LOCK = 0x6265_6E63  # "benc"; key of the advisory lock that a running benchmark holds


@contextmanager
def scratch_database(photos: int = 0) -> Iterator[None]:
    """A migrated, empty database beside the shop's on the same server, dropped at the end, also after Ctrl-C and
    SIGTERM.

    One that a killed benchmark left behind is dropped by the next. The active model's index is not built: benchmarks
    build it after filling the table, as for a shop of that size. Raises CommandError if the disk has no room for
    `photos`, or if another benchmark runs.
    """
    connection.ensure_connection()
    name = connection.settings_dict["NAME"]
    scratch = f"bench_{name}"
    _refuse_more_than_the_disk_holds(photos)
    former = signal.signal(signal.SIGTERM, _interrupted)
    try:
        with _the_only_benchmark(scratch):
            connection.settings_dict["TEST"]["NAME"] = scratch
            try:
                connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
                if model := ModelVersion.objects.active():
                    with connection.cursor() as cursor:
                        cursor.execute(f"DROP INDEX {index_name(model)}")
                yield
            finally:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second SIGTERM must not interrupt DROP DATABASE
                connection.close()
                connection.settings_dict["NAME"] = name
                _drop(scratch)
    finally:
        signal.signal(signal.SIGTERM, former)


def _interrupted(signal_number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _the_only_benchmark(scratch: str) -> Iterator[None]:
    """Concurrent benchmarks would slow each other down and drop each other's database."""
    with _maintenance_connection() as alone:
        (free,) = alone.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() or (False,)
        if not free:
            raise CommandError("Another benchmark runs on this server. Wait for it, or stop it.")
        alone.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(scratch)))
        yield


def _drop(scratch: str) -> None:
    with _maintenance_connection() as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(scratch)))


def _maintenance_connection() -> psycopg.Connection:
    parameters = connection.get_connection_params() | {"dbname": "postgres"}
    for name in ("cursor_factory", "context"):
        parameters.pop(name, None)
    return psycopg.connect(**parameters, autocommit=True)


def _refuse_more_than_the_disk_holds(photos: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('data_directory')")
        directory = Path(cursor.fetchone()[0])
    if not directory.exists():  # the server is another machine's
        return
    free, needed = shutil.disk_usage(directory).free, photos * BYTES_PER_PHOTO
    if needed > free:
        most = free // BYTES_PER_PHOTO
        raise CommandError(
            f"{photos:,} photos take about {needed / 1e9:,.1f} GB, and {directory} has {free / 1e9:,.1f} GB free: "
            f"at most {most:,} photos fit."
        )


def bench_model() -> ModelVersion:
    model = ModelVersion.objects.active()
    if model:
        return model
    return ModelVersion.objects.create(
        version="bench", sha256="0" * 64, backbone="none", dim=256, input_size=96, state=ModelVersion.State.ACTIVE
    )
