"""Trainings started in the admin: create, stop, resume, delete. search/trainer.py executes them."""

from __future__ import annotations

import shutil
import uuid
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models.functions import Now

from catalog.locks import advisory_lock
from search.models import Training

BACKBONES = ("efficientnetlite2", "efficientnetlite1", "efficientnetlite0", "resnet50", "mobilenetv3small")
INPUT_SIZES = {
    "efficientnetlite2": 192,
    "efficientnetlite1": 160,
    "efficientnetlite0": 160,
}  # as the bundled ones learned
INPUT_SIZE = 96  # of any other
LOCK = "trainer"
NEEDED = ("keras", "tensorflow", "tf2onnx", "onnx", "h5py")  # beside the backend


def can_train_here() -> bool:
    """Whether training's packages are installed; none of them is imported."""
    return all(find_spec(name) for name in NEEDED)


def has_trainer() -> bool:
    """Whether a trainer process runs on any machine: it holds an advisory lock."""
    with advisory_lock(LOCK) as free:
        return not free


def stop(training: Training) -> None:
    """Request a stop. What was learned up to the last finished epoch is kept."""
    Training.objects.filter(pk=training.pk, state=Training.State.WAITING).update(state=Training.State.STOPPED)
    Training.objects.filter(pk=training.pk, state=Training.State.RUNNING).update(wants_stop=True, updated=Now())


def resume(training: Training) -> None:
    stopped = Training.objects.filter(pk=training.pk, state__in=[Training.State.STOPPED, Training.State.FAILED])
    stopped.update(state=Training.State.WAITING, wants_stop=False, error="", attempts=0, progress={}, updated=Now())


def delete(training: Training) -> None:
    """Delete the training with its upload and its unfinished run; a finished model stays."""
    forget_upload(training)
    folder = Path(training.folder)
    if training.folder and folder.name.endswith(".unfinished") and folder.is_relative_to(settings.MODELS_DIR):
        shutil.rmtree(folder, ignore_errors=True)
    training.delete()


def take_upload(file: UploadedFile) -> Path:
    """Store an uploaded archive until its training is finished or deleted."""
    folder = settings.UPLOADS_DIR / f"training-{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    path: Path = folder / "photos.zip"
    with path.open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    return path


def forget_upload(training: Training) -> None:
    source = Path(training.source)
    if training.data == Training.Data.UPLOAD and source.is_relative_to(settings.UPLOADS_DIR):
        shutil.rmtree(source.parent, ignore_errors=True)


def folders() -> list[str]:
    """Names of the folders in TRAINING_ROOT."""
    root: Path = settings.TRAINING_ROOT
    entries = sorted(root.iterdir()) if root.is_dir() else []
    inside = [entry for entry in entries if entry.resolve().is_relative_to(root.resolve())]
    return [entry.name for entry in inside if entry.is_dir() and not entry.name.startswith(".")]
