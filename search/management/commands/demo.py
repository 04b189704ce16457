"""`make demo`: everything, on this machine, from nothing; a second run takes seconds and duplicates nothing."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import signal
import socket
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import honcho.manager
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Printer


class Command(BaseCommand):
    help = "Set up the sample shop and serve it: web and worker together, until Ctrl-C."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        port = int(os.environ.get("PORT") or 8000)
        _require_free(port)
        logging.getLogger("django-q").setLevel(logging.WARNING)  # not a line for each photo queued
        self.stdout.write("Preparing the database...")
        call_command("migrate", verbosity=0)
        _collect_static()
        shop = settings.VAR_DIR / "sample-shop"
        call_command("draw_sample_shop", str(shop), stdout=self.stdout)
        call_command("import_products", str(shop), stdout=self.stdout)
        address = (
            f"\n  The shop    http://127.0.0.1:{port}/"
            f"\n  Staff       http://127.0.0.1:{port}/admin/   user admin, password {_demo_password()}"
            f"\n              (kept in {_password_file()})\n\n"
            "The worker embeds the photos in the first minute. Ctrl-C stops everything.\n"
        )
        self.stdout.write("Starting...")
        threading.Thread(target=lambda: _answers(port) and self.stdout.write(address), daemon=True).start()
        status = _serve(port)
        self.stdout.flush()
        os._exit(status)  # no handler at exit has anything to do, and somebody waits for her prompt


def _answers(port: int) -> bool:
    """Wait for the shop to answer, so that its address is the last line on the screen."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/live", timeout=5):
            return True
        time.sleep(0.2)
    return False


def _collect_static() -> None:
    """Collect and compress the static files, unless they are those of the last run."""
    found = [
        (path, storage.size(path), storage.get_modified_time(path).isoformat())
        for finder in get_finders()
        for path, storage in finder.list([])
    ]
    fingerprint = hashlib.sha256(repr(sorted(found)).encode()).hexdigest()
    stamp = Path(settings.STATIC_ROOT) / ".fingerprint"
    if stamp.exists() and stamp.read_text() == fingerprint:
        return
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(fingerprint)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(f"Port {port} is taken. Choose another: PORT={port + 1} make demo") from None


def _password_file() -> Path:
    return settings.VAR_DIR / "demo-password"


def _demo_password() -> str:
    """The password of `admin`, made at the first run; the user is made again if the database is new."""
    path = _password_file()
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9))
    password = path.read_text()
    users = get_user_model().objects
    if not users.filter(username="admin").exists():
        users.create_superuser("admin", "admin@example.com", password)
    return password


def _serve(port: int) -> int:
    """Run the Procfile until a signal, or until one of its processes ends; leave none behind. Its exit status."""
    environment = {
        "EXAMPLE_PHOTOS_DIR": str(settings.VAR_DIR / "sample-shop" / "queries"),
        "LOG_LEVEL": "WARNING",
        **os.environ,
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "visualsearch.settings",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    printer, demo = Printer(sys.stdout), os.getpid()
    manager = Manager(printer)
    for name, command in parse_procfile((settings.BASE_DIR / "Procfile").read_text()).processes.items():
        manager.add_process(name, command, env=environment, cwd=str(settings.BASE_DIR))

    def hang_up(number: int, frame: FrameType | None) -> None:
        if os.getpid() != demo:
            return  # honcho's readers of output inherit this handler; they end with what they read from
        printer.output = Path(os.devnull).open("w")  # noqa: SIM115 - the terminal is gone, and writing to it would fail
        manager.returncode = 128 + number
        manager.terminate()

    signal.signal(signal.SIGHUP, hang_up)
    honcho.manager.KILL_WAIT = 10  # seconds; they stop by themselves in two or three, on a quiet machine
    manager.loop()
    interrupted = manager.returncode == 128 + signal.SIGINT  # Ctrl-C is how a demo ends: make need not call it an error
    return 0 if interrupted else manager.returncode or 0
