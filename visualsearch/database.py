"""The connection to Postgres: the settings it needs, and what to do where there is none."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.utils import InterfaceError, OperationalError
from django.dispatch import receiver

# SQLSTATEs of a server that starts, stops, is out of connections or gone, and of a connection that broke.
_AWAY = ("08", "53300", "57P")


def no_connection(error: BaseException | None) -> bool:
    """Whether `error` means that the database cannot be reached now, rather than that it refused a statement."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(_AWAY)


@receiver(connection_created)
def tune(sender: object, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """The ANN index's settings, once a connection. Not among the startup options: pgbouncer refuses those."""
    if connection.vendor != "postgresql":
        return
    names = list(settings.POSTGRES_SETTINGS)
    selected = ", ".join(["set_config(%s, %s, false)"] * len(names))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {selected}", [part for name in names for part in (name, settings.POSTGRES_SETTINGS[name])]
        )
