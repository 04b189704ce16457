"""A server that cannot serve is refused by migrate, with words."""

import importlib

import pytest
from django.core.management import CommandError
from django.db import connection

require_pgvector = importlib.import_module("search.migrations.0001_initial").require_pgvector


def pretend_available(cursor, rows: str) -> None:
    """A temporary table hides the catalogue's view of the same name, in this transaction only."""
    cursor.execute(
        "CREATE TEMPORARY TABLE pg_available_extensions (name text, default_version text, installed_version text)"
        " ON COMMIT DROP"
    )
    if rows:
        cursor.execute(f"INSERT INTO pg_available_extensions VALUES {rows}")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("", "has no pgvector. Install pgvector 0.8 or newer"),
        ("('vector', '0.5.1', NULL)", "has pgvector 0.5.1; 0.8 or newer is needed"),
        ("('vector', '0.8.5', '0.7.4')", "has pgvector 0.7.4"),
    ],
    ids=["none", "old", "old one installed"],
)
def test_a_server_without_a_recent_pgvector_is_refused(db, rows, words):
    with connection.cursor() as cursor:
        pretend_available(cursor, rows)
        with pytest.raises(CommandError, match=words), connection.schema_editor() as editor:
            require_pgvector(None, editor)


@pytest.mark.parametrize("version", ["0.8.0", "0.10.1", "1.0"])
def test_a_recent_pgvector_is_taken_and_its_version_compared_as_numbers(db, version):
    with connection.cursor() as cursor:
        pretend_available(cursor, f"('vector', '0.7.4', '{version}')")
        with connection.schema_editor() as editor:
            require_pgvector(None, editor)  # raises nothing, for "0.10.1" neither
