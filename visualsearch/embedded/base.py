"""Django's PostgreSQL backend on the embedded server: it is started by the first connection, joined by others."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.postgresql.client import DatabaseClient as PostgresClient
from django.db.utils import OperationalError

from .server import NoServer, ensure_database, ensure_server


class EmbeddedServerError(OperationalError):
    """There is no embedded server to connect to; str() says why and what to do."""


class DatabaseClient(PostgresClient):
    connection: "DatabaseWrapper"

    def runshell(self, parameters: Iterable[str]) -> None:
        self.connection.join_server()
        super().runshell(parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    def join_server(self) -> None:
        """Start or join the server and point this connection's settings at it. Raises EmbeddedServerError."""
        try:
            socket_directory = ensure_server(settings.VAR_DIR / "postgres" / "data")
        except NoServer as reason:
            raise EmbeddedServerError(str(reason)) from reason
        if not self.settings_dict["HOST"]:
            ensure_database(socket_directory, DATABASE_NAME)
        self.settings_dict.update(HOST=str(socket_directory), USER="postgres")

    def get_connection_params(self) -> dict[str, Any]:
        self.join_server()
        return super().get_connection_params()


DATABASE_NAME = "visualsearch"
