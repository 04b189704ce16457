"""The embedded server with real processes: joined, not started twice, gone after its last user."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from django.conf import settings

from visualsearch.tests.embedded_server import postgres_of, wait_until_stopped

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
    wait_until_stopped(var)


def test_a_killed_user_leaves_no_server_behind_and_the_next_one_starts_anew(join, var):
    user, started = join()
    user.send_signal(signal.SIGKILL)
    wait_until_stopped(var)
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
    wait_until_stopped(var)


def start_in(var: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process that uses the server of `var` and ends."""
    return subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", "from django.db import connection; connection.connect()"],
        cwd=settings.BASE_DIR,
        env={**{name: value for name, value in os.environ.items() if name != "DATABASE_URL"}, "VAR_DIR": str(var)}
        | environment,
        capture_output=True,
        text=True,
    )


def test_a_copy_of_a_live_directory_does_not_join_the_originals_server(join, var):
    _, started = join()
    with tempfile.TemporaryDirectory(dir=settings.VAR_DIR) as copy:
        Path(copy).chmod(0o755)
        subprocess.run(["cp", "-a", f"{var}/postgres", copy], check=True)
        outcome = start_in(Path(copy))
        assert outcome.returncode != 0
        assert f"is a copy of {var}/postgres/data, made while its server ran" in outcome.stderr
        assert "Traceback" not in outcome.stderr
    _, still = join()
    assert still == started


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_a_copy_that_lost_its_owner_says_how_to_give_it_back(join, var):
    user, _ = join()
    user.communicate()
    wait_until_stopped(var)
    with tempfile.TemporaryDirectory(dir=settings.VAR_DIR) as copy:
        Path(copy).chmod(0o755)
        subprocess.run(["cp", "-r", f"{var}/postgres", copy], check=True)
        outcome = start_in(Path(copy))
        assert outcome.returncode != 0 and "chown -R pgserver" in outcome.stderr
        assert "Traceback" not in outcome.stderr
        subprocess.run(["chown", "-R", "pgserver", f"{copy}/postgres/data"], check=True)
        assert start_in(Path(copy)).returncode == 0
        wait_until_stopped(Path(copy))


def test_a_process_id_that_somebody_else_has_now_keeps_nobody_out(join, var):
    user, _ = join()
    user.communicate()
    wait_until_stopped(var)
    pid_file = var / "postgres" / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{var}/postgres/data\n1\n5432\n{var}\n\n 1 1\nready   \n")
    _, started = join()
    assert started


@pytest.mark.parametrize("name", ["it's here", "two words"])
def test_a_path_that_a_shell_would_misread_works(var, name):
    awkward = var / name
    awkward.mkdir(mode=0o755)
    outcome = start_in(awkward)
    assert outcome.returncode == 0, outcome.stderr
    wait_until_stopped(awkward)


@pytest.mark.parametrize("name", ["$HOME", 'a "quoted" word', "back\\slash"])
def test_a_path_that_pg_ctl_cannot_take_is_refused_in_a_sentence(var, name):
    (var / name).mkdir(mode=0o755)
    outcome = start_in(var / name)
    assert outcome.returncode != 0 and "choose another VAR_DIR" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_locale_that_is_not_installed_keeps_nobody_out(var):
    outcome = start_in(var, LC_ALL="tlh_QO.UTF-8")
    assert outcome.returncode == 0, outcome.stderr
    wait_until_stopped(var)


def test_a_server_that_cannot_start_says_why_once(join, var):
    user, _ = join()
    user.communicate()
    wait_until_stopped(var)
    with (var / "postgres" / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write("shared_buffers = much\n")
    outcome = start_in(var)
    assert outcome.returncode != 0
    assert outcome.stderr.count("shared_buffers") <= 2 and len(outcome.stderr.splitlines()) < 10
