"""What shoppers see is read from the replica at REPLICA_DATABASE_URL; all else, and all if it fails, from the primary.

Nobody misses what she has just written: whoever is signed in or sends a token reads the primary, and so does every
request after it changed a product; searches, which are read a moment after they were written, are read there too.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import Model
from django.db.utils import Error, OperationalError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase

from visualsearch.database import no_connection

logger = logging.getLogger(__name__)

PRIMARY, REPLICA = "default", "replica"
READ_THERE = {
    "catalog.category",
    "catalog.product",
    "catalog.productimage",
    "catalog.searchword",
    "search.embedding",
}
REST = 10.0  # seconds that a replica which failed, or lags, is not asked; also how long a good one is believed
LAG = """
SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
            ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END,
       NOT pg_is_in_recovery() OR EXISTS (SELECT FROM pg_stat_wal_receiver)
"""

_may_read_replica: ContextVar[bool] = ContextVar("may_read_replica", default=False)
_rests_until = _believed_until = 0.0  # of this process, by time.monotonic()


class ReadsFromReplica:
    """Middleware: which requests may read the replica."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        known = settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers
        token = _may_read_replica.set(not known and REPLICA in settings.DATABASES)
        try:
            return self.get_response(request)
        finally:
            _may_read_replica.reset(token)


class Router:
    """Django's DATABASE_ROUTERS: see above."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        if not _may_read_replica.get() or model._meta.label_lower not in READ_THERE:
            return PRIMARY
        if connections[PRIMARY].in_atomic_block:  # what this transaction wrote is there alone
            return PRIMARY
        return REPLICA if _is_well() else PRIMARY

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        if model._meta.label_lower in READ_THERE:
            _may_read_replica.set(False)
        return PRIMARY

    def allow_relation(self, first: Model, second: Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, alias: str, app_label: str, **hints: Any) -> bool:
        return alias == PRIMARY


def _is_well() -> bool:
    """Whether the replica can be reached and keeps up. While one thread finds out, others read the primary."""
    global _rests_until, _believed_until
    now = time.monotonic()
    if now < _rests_until:
        return False
    connection = connections[REPLICA]
    try:
        connection.close_if_health_check_failed()
        if connection.connection is None or now > _believed_until:
            _rests_until = now + REST
            lag, connected = replica_lag()
            if lag > settings.REPLICA_MAX_LAG or not connected:
                logger.warning("The replica is %.0f s behind%s: not read.", lag, "" if connected else " and cut off")
                return False
            _rests_until, _believed_until = 0.0, now + REST
    except Error as error:
        _let_rest(error)
        return False
    return True


def replica_lag() -> tuple[float, bool]:
    """Seconds that it is behind, and whether it is connected to its primary. Raises django.db.Error."""
    with connections[REPLICA].cursor() as cursor:
        cursor.execute(LAG)
        lag, connected = cursor.fetchone()
    return float(lag or 0), connected


def _let_rest(error: Exception) -> None:
    global _rests_until
    _rests_until = time.monotonic() + REST
    logger.warning("The replica cannot be read: %s", " ".join(str(error).split()))


@receiver(connection_created)
def fall_back(sender: object, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.alias == REPLICA and _answer_by_primary not in connection.execute_wrappers:
        connection.execute_wrappers.append(_answer_by_primary)


def _answer_by_primary(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """A statement under way while the replica ends, or that its recovery cancels, is answered by the primary."""
    try:
        return execute(sql, params, many, context)
    except OperationalError as error:
        if sql == LAG or not (no_connection(error) or getattr(error.__cause__, "sqlstate", None) == "40001"):
            raise
        _let_rest(error)
        wrapper = context["cursor"]  # whoever called fetches from it
        wrapper.db = connections[PRIMARY]
        wrapper.cursor = wrapper.db.cursor().cursor
        return execute(sql, params, many, context)
