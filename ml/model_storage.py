"""Shares models between machines through the bucket: a machine downloads a model when it first needs it.

With MEDIA_BUCKET every registered model is also stored under models/<version>/. Without a bucket there is one machine,
or MODELS_DIR is on a shared disk.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from catalog.scratch_folders import scratch_folder

FILES = ("history.csv", "curves.png", "run.json", "model.onnx", "card.json")  # the card last: it marks completeness


class DamagedModel(Exception):
    """The files in the bucket are not those of the registered model."""


def share(version: str, directory: Path) -> None:
    """Upload the model in `directory` unless it is in the bucket already. Safe to repeat."""
    if not settings.MEDIA_BUCKET:
        return
    for name in FILES:
        path = directory / name
        if path.is_file() and not default_storage.exists(f"models/{version}/{name}"):
            with path.open("rb") as file:
                default_storage.save(f"models/{version}/{name}", File(file))


def fetch(version: str, sha256: str, directory: Path) -> bool:
    """Ensure that `directory` contains this model, downloading it if necessary; False if the bucket does not have it
    either.

    `sha256` is that of model.onnx. Raises DamagedModel, and the storage's errors if it cannot be reached.
    """
    if (directory / "model.onnx").is_file():
        return True
    if not settings.MEDIA_BUCKET or not default_storage.exists(f"models/{version}/card.json"):
        return False
    settings.MODELS_DIR.mkdir(parents=True, exist_ok=True)
    with scratch_folder(settings.MODELS_DIR) as folder:
        fetched = folder / "model"
        fetched.mkdir()
        for name in FILES:
            if default_storage.exists(f"models/{version}/{name}"):
                with default_storage.open(f"models/{version}/{name}") as source, (fetched / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
        with (fetched / "model.onnx").open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise DamagedModel(f"models/{version}/model.onnx in the bucket is another file than was registered.")
        try:
            fetched.rename(directory)
        except OSError:  # another process of this machine was first
            if not (directory / "model.onnx").is_file():
                raise
    return True
