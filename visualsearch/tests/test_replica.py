"""Two real servers with streaming replication: shoppers read the replica, staff the primary; then the replica dies."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from catalog.models import Product
from conftest import photo_of
from ml.tests.tiny_model import write_tiny_model
from search.benchmarks.web_process import WebProcess, database_url, web_process
from search.indexing.embed import embed_awaiting
from search.tests.real_worker import wait_until
from visualsearch.tests.uploads import FORM, photo_form


@dataclass
class Replica:
    directory: Path
    programs: Path
    user: int

    @property
    def url(self) -> str:
        return database_url(str(self.directory.parent))

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "-D", str(self.directory), *arguments]
        subprocess.run(command, check=True, user=self.user, cwd=self.directory.parent)

    def start(self) -> None:
        sockets = self.directory.parent
        options = f"-c listen_addresses='' -c unix_socket_directories='{sockets}' -c shared_buffers=32MB -c fsync=off"
        self.run("pg_ctl", "-w", "-l", str(self.directory / "replica.log"), "-o", options, "start")

    def execute(self, statement: str) -> Any:
        """The first value of the answer."""
        with psycopg.connect(self.url, autocommit=True) as replica:
            (value,) = replica.execute(statement.encode()).fetchone() or (None,)
        return value

    def catch_up(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_lsn()")
            (position,) = cursor.fetchone()
        wait_until(lambda: bool(self.execute(f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn")), 30)

    def freeze(self) -> None:
        """From now on it learns nothing new."""
        self.catch_up()
        self.execute("SELECT pg_wal_replay_pause()::text")

    def kill(self) -> None:
        with suppress(FileNotFoundError, psutil.NoSuchProcess):
            server = psutil.Process(int((self.directory / "postmaster.pid").read_text().split()[0]))
            processes = [server, *server.children()]
            server.kill()
            psutil.wait_procs(processes, timeout=10)


@pytest.fixture(scope="module")
def copy(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Replica]:
    """The whole server of the tests, copied; to be run under the same user, with the same programs."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('data_directory')")
        primary = Path(cursor.fetchone()[0])
    user = (primary / "PG_VERSION").stat().st_uid
    server = psutil.Process(int((primary / "postmaster.pid").read_text().split()[0]))
    with tempfile.TemporaryDirectory(dir=settings.VAR_DIR) as parent:
        Path(parent).chmod(0o755)
        os.chown(parent, user, -1)
        copied = Replica(Path(parent) / "data", Path(server.exe()).parent, user)
        host = str(connection.settings_dict["HOST"])
        copied.run("pg_basebackup", "-h", host, "-U", "postgres", "-R", "-c", "fast", "--no-sync")
        yield copied


@pytest.fixture
def replica(copy: Replica) -> Iterator[Replica]:
    """It runs, and follows the server of the tests."""
    copy.start()
    try:
        yield copy
    finally:
        copy.kill()


def first_title(web: WebProcess, **headers: str) -> str:
    status, _, body = web.request("POST", "/api/v1/search/", photo_form(photo_of("mug")), {**FORM, **headers})
    assert status == 200, body
    return str(json.loads(body)["results"][0]["product"]["title"])


def test_a_statement_whose_connection_to_the_replica_breaks_is_answered_by_the_primary(replica, django_db_blocker):
    own = {"ENGINE": "django.db.backends.postgresql", "HOST": str(replica.directory.parent)}
    connections.settings["replica"] = {**connection.settings_dict, **own}
    with django_db_blocker.unblock():
        with connections["replica"].cursor() as cursor:
            cursor.execute("SELECT pg_is_in_recovery()")
            assert cursor.fetchone() == (True,)
            replica.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            cursor.execute("SELECT pg_is_in_recovery(), %s", ["a parameter"])
            assert cursor.fetchone() == (False, "a parameter")
        connections["replica"].close()
    del connections["replica"], connections.settings["replica"]


@pytest.mark.django_db(transaction=True)
def test_a_replica_that_is_far_behind_is_not_read(model, make_product, tmp_path, replica):
    write_tiny_model(tmp_path / "models" / model.version)
    make_product("mug", title="Former title")
    embed_awaiting(model)
    replica.freeze()
    Product.objects.update(title="New title")
    with web_process(VAR_DIR=str(tmp_path), REPLICA_DATABASE_URL=replica.url, REPLICA_MAX_LAG="0") as web:
        assert first_title(web) == "New title"


@pytest.mark.django_db(transaction=True)
def test_shoppers_read_the_replica_staff_the_primary_and_all_the_primary_when_the_replica_dies(
    model, make_product, tmp_path, replica
):
    write_tiny_model(tmp_path / "models" / model.version)
    make_product("mug", title="Former title")
    embed_awaiting(model)
    staff = Client()
    staff.force_login(User.objects.create_superuser("chief"))
    cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={staff.cookies[settings.SESSION_COOKIE_NAME].value}"}
    with web_process(VAR_DIR=str(tmp_path), REPLICA_DATABASE_URL=replica.url, REPLICA_MAX_LAG="600") as web:
        replica.freeze()
        Product.objects.update(title="New title")

        assert first_title(web) == "Former title"
        assert b"Former title" in web.request("GET", "/products/mug/")[2]
        assert b"New title" in web.request("GET", "/products/mug/", headers=cookie)[2]
        status, headers, _ = web.request("POST", "/search/", photo_form(photo_of("mug")), FORM)
        assert status == 303  # the search itself is not on the replica yet, and is found
        status, _, body = web.request("GET", headers["Location"])
        assert status == 200 and b"Former title" in body

        replica.kill()
        for _ in range(6):  # each thread has a connection that broke
            assert first_title(web) == "New title"
            assert b"New title" in web.request("GET", "/products/mug/")[2]
