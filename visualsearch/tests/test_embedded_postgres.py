"""The embedded server with real processes: joined, not started twice, gone after its last user."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from visualsearch.embedded.server import START_TIMEOUT

USER = """
import os, sys, time
os.environ.pop("DATABASE_URL", None)
import django; django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT pg_backend_pid(), (SELECT pg_postmaster_start_time())")
    print(cursor.fetchone()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def var() -> Iterator[Path]:
    """A VAR_DIR of its own. Not pytest's: as root the server runs as somebody else, who may not pass there."""
    with tempfile.TemporaryDirectory(dir=settings.VAR_DIR) as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture
def join(var: Path):
    users: list[subprocess.Popen] = []

    def start() -> tuple[subprocess.Popen, str]:
        user = subprocess.Popen(
            [sys.executable, "-c", USER],
            cwd=settings.BASE_DIR,
            env={**os.environ, "VAR_DIR": str(var), "DJANGO_SETTINGS_MODULE": "visualsearch.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        users.append(user)
        assert user.stdout is not None
        return user, user.stdout.readline().strip()

    yield start
    for user in users:
        user.kill()
        user.wait()
    wait_until(lambda: not postgres_of(var))


def postgres_of(var: Path) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE and str(var) in " ".join(process.info["cmdline"] or ())
    ]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_TIMEOUT / 4
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def test_a_second_process_joins_the_first_ones_server_and_keeps_it(join, var):
    first, started = join()
    second, also_started = join()
    assert started and started == also_started
    first.stdin.close()
    first.wait()
    time.sleep(1)
    assert postgres_of(var)
    second.stdin.close()
    second.wait()
    wait_until(lambda: not postgres_of(var))


def test_a_killed_user_leaves_no_server_behind_and_the_next_one_starts_anew(join, var):
    user, started = join()
    user.send_signal(signal.SIGKILL)
    wait_until(lambda: not postgres_of(var))
    _, again = join()
    assert again and again != started


def test_many_starting_at_once_share_one_server(var):
    command = [sys.executable, "-c", USER]
    environment = {**os.environ, "VAR_DIR": str(var), "DJANGO_SETTINGS_MODULE": "visualsearch.settings"}
    users = [
        subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    starts = {user.stdout.readline().strip() for user in users}
    for user in users:
        user.communicate()
    assert len(starts) == 1 and "" not in starts
    wait_until(lambda: not postgres_of(var))
