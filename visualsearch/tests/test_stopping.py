"""SIGTERM to the whole process group, as systemd, containers and honcho send it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from search.benchmarks.web_process import database_url, web_process
from search.tests.real_worker import wait_until

PATIENCE = 60  # seconds that a test waits for what takes three


def start_worker(var_dir: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "worker"],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "VAR_DIR": str(var_dir),
            "SECRET_KEY": settings.SECRET_KEY,
            "DATABASE_URL": database_url(),
        },
        start_new_session=True,
    )


@pytest.mark.django_db(transaction=True)
def test_a_worker_told_to_stop_goes_with_all_its_processes_and_hands_its_task_back(tmp_path):
    async_task("time.sleep", 600)
    worker = start_worker(tmp_path)
    try:
        wait_until(lambda: OrmQ.objects.filter(lock__gt=timezone.now()).exists(), 180)  # taken
        family = psutil.Process(worker.pid).children(recursive=True)
        assert len(family) > 3
        os.killpg(worker.pid, signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0
        assert not [process for process in family if process.is_running() and process.status() != "zombie"]
        assert OrmQ.objects.get().lock <= timezone.now()
    finally:
        worker.kill()


@pytest.mark.django_db(transaction=True)
def test_a_worker_whose_supervisor_was_killed_ends_too(tmp_path):
    worker = start_worker(tmp_path)
    try:
        wait_until(lambda: len(psutil.Process(worker.pid).children(recursive=True)) > 3, 180)
        family = psutil.Process(worker.pid).children(recursive=True)
    finally:
        worker.kill()
        worker.wait()
    wait_until(lambda: not [one for one in family if one.is_running() and one.status() != "zombie"], PATIENCE)


@pytest.mark.django_db(transaction=True)
def test_the_web_process_stops_while_clients_stall(tmp_path):
    with web_process(VAR_DIR=str(tmp_path)) as web:
        stalled = [web.connect() for _ in range(20)]
        for connection_ in stalled:
            connection_.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx")
        family = psutil.Process(web.process.pid).children(recursive=True)
        os.killpg(web.process.pid, signal.SIGTERM)
        web.process.wait(PATIENCE)
        wait_until(lambda: not [one for one in family if one.is_running() and one.status() != "zombie"], PATIENCE)
