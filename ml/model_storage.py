"""Models travel through the bucket: a machine fetches one when it first needs it, and nothing is copied by hand.

With MEDIA_BUCKET every registered model lies there too, under models/<version>/. Without a bucket there is one machine,
or MODELS_DIR is on a disk that all of them share.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

FILES = ("history.csv", "curves.png", "run.json", "model.onnx", "card.json")  # the card last: then all is there


class DamagedModel(Exception):
    """What lies in the bucket is not the model that was registered."""


def share(version: str, directory: Path) -> None:
    """Put the model in `directory` into the bucket, unless it is there. Safe to repeat."""
    if not settings.MEDIA_BUCKET:
        return
    for name in FILES:
        path = directory / name
        if path.is_file() and not default_storage.exists(f"models/{version}/{name}"):
            with path.open("rb") as file:
                default_storage.save(f"models/{version}/{name}", File(file))


def fetch(version: str, sha256: str, directory: Path) -> bool:
    """Make sure that `directory` holds this model, from the bucket where need be; False where the bucket lacks it too.

    `sha256` is that of model.onnx. Raises DamagedModel, and what the bucket raises when it cannot be asked.
    """
    if (directory / "model.onnx").is_file():
        return True
    if not settings.MEDIA_BUCKET or not default_storage.exists(f"models/{version}/card.json"):
        return False
    settings.MODELS_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.MODELS_DIR, prefix=".fetch-") as folder:
        fetched = Path(folder) / "model"
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
