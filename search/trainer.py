"""The trainer process: executes trainings one at a time, each in a child process with Keras.

It holds an advisory lock while it runs, so there is one trainer among all machines. If it is killed, its child dies
with it, and the next trainer continues from the last finished epoch.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from catalog.imports.tables import UnusableSource
from catalog.imports.unpacking import unpack
from catalog.locks import advisory_lock
from catalog.processes import die_with_parent
from ml.data.datasets import PHOTO_SUFFIXES
from ml.models import ModelVersion, keras_weights, model_directory
from search.models import Training
from search.trainings import LOCK, forget_upload

logger = logging.getLogger(__name__)

POLL = 1.0  # seconds between polls for a training, and for a request to stop it
AGAIN = 5.0  # seconds between attempts to reach a database that is down
STOP_SECONDS = 30.0  # from SIGTERM to SIGKILL of the child
MOST_ATTEMPTS = 3  # without a finished epoch between them: then it is the training's fault that trainers die


def run_trainer(stopping: Callable[[], bool]) -> None:
    """Execute trainings until `stopping` is set. Waits while another trainer runs."""
    while not stopping():
        try:
            with advisory_lock(LOCK) as alone:
                while alone and not stopping():
                    training = Training.objects.next()
                    if training is None:
                        time.sleep(POLL)
                    else:
                        _train_or_fail(training, stopping)
        except DatabaseError:
            logger.exception("The trainer lost its database.")
            with suppress(DatabaseError):
                connection.close()
            time.sleep(AGAIN)
        else:
            time.sleep(POLL)


def _train_or_fail(training: Training, stopping: Callable[[], bool]) -> None:
    try:
        train(training, stopping)
    except DatabaseError:
        raise
    except Exception as error:
        logger.exception("The training %s failed.", training.pk)
        _end(training, Training.State.FAILED, _("It stopped: %(reason)s") % {"reason": error})


def train(training: Training, stopping: Callable[[], bool]) -> None:
    """Run `training` until it is finished, failed or stopped. If the trainer itself is stopped, the training stays as
    it is.
    """
    if training.wants_stop:  # and whoever was to stop it is gone
        _end(training, Training.State.STOPPED)
        return
    if training.attempts >= MOST_ATTEMPTS:
        text = _("It was begun %d times without finishing an epoch. Is there enough memory?")
        _end(training, Training.State.FAILED, text % training.attempts)
        return
    training.state, training.attempts = Training.State.RUNNING, training.attempts + 1
    training.progress = {"event": "loading", **_plan(training)}
    training.save(update_fields=["state", "attempts", "progress", "updated"])
    try:
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "train_triplet", *_arguments(training)]
    except (UnusableSource, OSError, ModelVersion.DoesNotExist) as error:
        _end(training, Training.State.FAILED, str(error))
        return
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, start_new_session=True, preexec_fn=die_with_parent
        )
        try:
            _watch(training, child, stopping)
            status = child.wait()
        finally:
            child.kill()
            child.wait()
        if stopping():
            return
        training.refresh_from_db(fields=["version", "wants_stop"])
        if training.version:
            forget_upload(training)
            _end(training, Training.State.FINISHED)
        elif training.wants_stop:
            _end(training, Training.State.STOPPED)
        else:
            _end(training, Training.State.FAILED, _reason(status, errors))


def _arguments(training: Training) -> list[str]:
    """Command-line arguments of train_triplet. Raises UnusableSource, OSError, ModelVersion.DoesNotExist."""
    limit = ["--minutes", str(training.minutes)] if training.minutes else []
    if training.folder and Path(training.folder).is_dir():
        return ["--resume", training.folder, *limit, "--events"]
    Training.objects.filter(pk=training.pk).update(history=[])
    training.history = []
    return [
        *_data(training),
        *("--weights", _weights(training.start), "--backbone", training.backbone),
        *("--input-size", str(training.input_size), "--steps", str(training.steps)),
        *("--p", str(training.p), "--k", str(training.k)),
        *(limit or ["--epochs", str(training.epochs)]),
        *(["--fast"] if training.fast else []),
        "--events",
    ]


def _data(training: Training) -> list[str]:
    if training.data == Training.Data.CATALOGUE:
        return ["--catalogue"]
    folder = Path(training.source)
    if training.data == Training.Data.UPLOAD:
        folder = folder.with_name("photos")
        unpack(Path(training.source), folder, PHOTO_SUFFIXES | {".csv", ".txt"})
    return ["--data", str(folder)]


def _weights(start: str) -> str:
    if start in ("imagenet", "none"):
        return start
    weights = keras_weights(model_directory(ModelVersion.objects.get(version=start).version))
    if weights is None:
        raise FileNotFoundError(_("The Keras weights of %s are gone, so nothing can start from it.") % start)
    return str(weights)


def _watch(training: Training, child: subprocess.Popen[bytes], stopping: Callable[[], bool]) -> None:
    """Store the child's events until it ends; stop it if staff or the trainer request it."""
    written = asked = told = 0.0
    for event in _events(child):
        if stopping():
            return
        now = time.monotonic()
        lasting = bool(event) and _take(training, event)
        if lasting or now - written > POLL:
            training.save(update_fields=["progress", "history", "folder", "attempts", "version", "updated"])
            written = now
            training.refresh_from_db(fields=["wants_stop"])
        # A child that still reports may have lost the interrupt in a callback of a library.
        if training.wants_stop and (not asked or (event and now - told > POLL)):
            child.send_signal(signal.SIGINT)
            asked, told = asked or now, now
        if asked and now - asked > STOP_SECONDS:
            return


def _events(child: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """The child's JSON events; {} for each second without one; ends when the child ends."""
    assert child.stdout is not None
    told, rest = child.stdout.fileno(), b""
    while True:
        if not select.select([told], [], [], POLL)[0]:
            yield {}
            continue
        chunk = os.read(told, 65536)
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            with suppress(ValueError):  # a line that a library printed
                yield json.loads(line)


def _take(training: Training, event: dict[str, Any]) -> bool:
    """Store `event` on the training; returns whether it must be saved at once."""
    kind = event["event"]
    if kind == "epoch":
        row = {name: value for name, value in event.items() if name != "event"}
        training.history = [old for old in training.history if old["epoch"] < row["epoch"]] + [row]
        training.attempts = 0
        event = {"event": "batch", "batch": 0}
    elif kind == "begun":
        training.folder = event["folder"]
    elif kind == "registered":
        training.version = ModelVersion.objects.get(version=event["version"])
    planned = {"planned": event["epochs"]} if kind == "planned" else _plan(training)
    training.progress = event | planned
    return kind != "batch"


def _plan(training: Training) -> dict[str, int]:
    return {"planned": training.progress["planned"]} if "planned" in training.progress else {}


def _end(training: Training, state: str, error: str = "") -> None:
    Training.objects.filter(pk=training.pk).update(state=state, error=error, wants_stop=False, updated=Now())


def _reason(status: int, errors: IO[bytes]) -> str:
    """Why the child ended, as a message for staff."""
    if status < 0:
        text = _("The training was killed (signal %d). Perhaps memory ran out: a smaller batch or input needs less.")
        return text % -status
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - 20_000))
    lines = errors.read().decode(errors="replace").strip().splitlines() or [""]
    said = [line.removeprefix("CommandError: ") for line in lines if line.startswith("CommandError: ")]
    return (said or lines)[-1][:1000]
