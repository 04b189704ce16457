"""What may be wrong with an installation, in plain words."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import Failure, OrmQ
from redis import RedisError

from catalog.models import ProductImage
from ml.models import ModelVersion
from search.indexing.rollout import index_name
from search.models import photos_awaiting
from visualsearch import replica
from visualsearch.health import LEAST_DISK

LEAST_PGVECTOR = (0, 8)
WORKER_PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True)
class Finding:
    subject: str
    well: bool
    sentence: str


def examine() -> Iterator[Finding]:
    """One finding a subject. Without a database the later ones are left out: they would all say the same."""
    yield from _directory()
    try:
        yield from _database()
    except DatabaseError as error:
        reason = " ".join(str(error).split())
        yield Finding("database", False, f"It cannot be reached: {reason}")
        return
    for look in (_replica, _model, _photos, _queue, _storage, _settings):
        yield from _safely(look)


def _safely(look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except Exception as error:  # a finding too, and no reason to keep the others back
        yield Finding(look.__name__.strip("_"), False, f"Looking failed: {type(error).__name__}: {error}")


def _directory() -> Iterator[Finding]:
    try:
        with tempfile.TemporaryFile(dir=settings.VAR_DIR) as file:
            file.write(b"x")
    except OSError as error:
        sentence = f"{settings.VAR_DIR} cannot be written: {error.strerror}. Free space, or chown it to this user."
        yield Finding("VAR_DIR", False, sentence)
        return
    free = shutil.disk_usage(settings.VAR_DIR).free
    well = free >= LEAST_DISK
    advice = "" if well else " Free some, or uploads and thumbnails fail."
    yield Finding("VAR_DIR", well, f"{settings.VAR_DIR}, {free / 1e9:,.1f} GB free.{advice}")


def _database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version')")
        (version,) = cursor.fetchone()
        cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        row = cursor.fetchone()
    where = "at DATABASE_URL" if os.environ.get("DATABASE_URL") else "embedded"
    yield Finding("database", True, f"PostgreSQL {version}, {where}.")
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    sentence = f"{len(missing)} migrations wait: run `manage.py migrate`." if missing else "Up to date."
    yield Finding("migrations", not missing, sentence)
    if missing:
        return
    pgvector = tuple(int(part) for part in row[0].split(".")[:2]) if row else ()
    if pgvector < LEAST_PGVECTOR:
        found = row[0] if row else "missing"
        yield Finding("pgvector", False, f"It is {found}; install 0.8 or newer, then ALTER EXTENSION vector UPDATE.")
    else:
        yield Finding("pgvector", True, f"{row[0]}.")


def _replica() -> Iterator[Finding]:
    if replica.REPLICA not in settings.DATABASES:
        return
    try:
        lag, connected = replica.replica_lag()
    except DatabaseError as error:
        reason = " ".join(str(error).split())
        yield Finding("replica", False, f"It cannot be reached, and the primary answers for it: {reason}")
        return
    well = connected and lag <= settings.REPLICA_MAX_LAG
    advice = "" if well else " It is not read."
    cut_off = "" if connected else ", and cut off from the primary"
    yield Finding("replica", well, f"{lag:.0f} s behind{cut_off}.{advice}")


def _model() -> Iterator[Finding]:
    model = ModelVersion.objects.active()
    if model is None:
        yield Finding("model", False, "None is active: `manage.py list_models`, then `activate_model VERSION`.")
        return
    try:
        model.embedder().warm_up()
    except Exception as error:
        sentence = f"{model} does not load from {model.directory}: {error}. Put it there, or restore a backup."
        yield Finding("model", False, sentence)
        return
    yield Finding("model", True, f"{model}, from {model.directory}.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [index_name(model)])
        row = cursor.fetchone()
        cursor.execute("SELECT pg_relation_size(to_regclass(%s))", [index_name(model)])
        (size,) = cursor.fetchone()
    if row and row[0]:
        yield Finding("index", True, f"{size / 1e6:,.0f} MB.")
    else:
        yield Finding("index", False, "It is missing or was interrupted, and searches are slow: `manage.py migrate`.")


def _photos() -> Iterator[Finding]:
    broken = ProductImage.objects.broken().count()
    model = ModelVersion.objects.active()
    waiting = photos_awaiting(model).count() if model else 0
    long_ago = timezone.now() - timedelta(minutes=10)
    stale = model is not None and photos_awaiting(model).filter(created__lt=long_ago).exists()
    advice = " They have waited for more than ten minutes: does a worker run?" if stale else ""
    yield Finding("photos", not stale, f"{waiting:,} wait for their embedding.{advice}")
    if broken:
        yield Finding("broken photos", True, f"{broken:,} cannot be read; the admin lists them with the reason.")


def _queue() -> Iterator[Finding]:
    if settings.Q_BROKER:
        try:
            yield Finding("queue", True, f"{get_broker().queue_size():,} tasks, in Redis.")
        except RedisError as error:
            yield Finding("queue", False, f"Redis, at Q_BROKER, cannot be reached: {error}")
        return
    now = timezone.now()
    late = OrmQ.objects.filter(lock__lt=now - WORKER_PATIENCE).count()
    sentence = f"{OrmQ.objects.count():,} tasks."
    if late:
        sentence += f" {late:,} wait for more than two minutes: start a worker, or another one."
    yield Finding("queue", not late, sentence)
    failed = Failure.objects.filter(stopped__gt=now - timedelta(days=1)).count()
    if failed:
        yield Finding("failed tasks", False, f"{failed:,} since yesterday: the admin lists them under Failed tasks.")


def _storage() -> Iterator[Finding]:
    where = f"bucket {settings.MEDIA_BUCKET}" if settings.MEDIA_BUCKET else str(settings.MEDIA_ROOT)
    try:
        name = default_storage.save("doctor/probe.txt", ContentFile(b"probe"))
        default_storage.delete(name)
    except Exception as error:
        yield Finding("media", False, f"{where} cannot be written: {error}")
    else:
        yield Finding("media", True, where)


def _settings() -> Iterator[Finding]:
    if settings.DEBUG:
        yield Finding("DEBUG", False, "It is on: errors show the code to everybody. Unset it.")
    local = set(settings.ALLOWED_HOSTS) <= {"localhost", "127.0.0.1", "[::1]"}
    if local and os.environ.get("HOST", "127.0.0.1") not in ("127.0.0.1", "localhost", "::1"):
        yield Finding("ALLOWED_HOSTS", False, "HOST opens the shop to others, and ALLOWED_HOSTS refuses them: set it.")
    if not (settings.STATIC_ROOT / "staticfiles.json").exists():
        yield Finding("static files", True, "Not collected: served, but neither compressed nor cached for long.")
