"""Uploaded ZIP archives of a model directory: validated before anything is moved to MODELS_DIR."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO

from django.conf import settings
from django.utils.translation import gettext as _

from catalog.scratch_folders import scratch_folder
from ml.embedder import Embedder
from ml.models import ModelVersion

NEEDED = {"model.onnx", "card.json"}
KNOWN = NEEDED | {"history.csv", "curves.png", "run.json"}
MOST_BYTES = 2_000_000_000  # unpacked
MOST_CARD_BYTES = 5_000_000
DIM = 256


class InvalidModel(ValueError):
    """The archive contains no usable model; str() says why."""


def register_archive(file: IO[bytes]) -> ModelVersion:
    """Install the model in the ZIP archive `file` and register it; returns the existing version if it is registered
    already.

    Files that are not part of a model are ignored. Raises InvalidModel.
    """
    settings.MODELS_DIR.mkdir(parents=True, exist_ok=True)
    with scratch_folder(settings.MODELS_DIR) as folder:
        unpacked = folder / "model"
        unpacked.mkdir()
        try:
            with zipfile.ZipFile(file) as archive:
                _unpack(archive, unpacked)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
            raise InvalidModel(
                _("This is not a ZIP archive that can be read: %(reason)s") % {"reason": error}
            ) from error
        version = _check(unpacked)
        target = settings.MODELS_DIR / version
        if not target.exists():
            unpacked.rename(target)
        try:
            return ModelVersion.objects.register(target)
        except (ValueError, KeyError, OSError) as error:
            if not ModelVersion.objects.filter(version=version).exists():
                shutil.rmtree(target, ignore_errors=True)
            raise InvalidModel(str(error)) from error


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    """Extract the known files from the top level or from the archive's single folder, by base name."""
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if not entry.is_dir() and path.name in KNOWN and len(path.parts) <= 2 and path.parts[0] != "__MACOSX":
            if path.name in found:
                raise InvalidModel(_("The archive holds two files called %s.") % path.name)
            found[path.name] = entry
    if missing := sorted(NEEDED - set(found)):
        raise InvalidModel(_("The archive lacks %s.") % ", ".join(missing))
    if sum(entry.file_size for entry in found.values()) > MOST_BYTES:
        raise InvalidModel(_("Unpacked, the archive would take more than %d GB.") % (MOST_BYTES // 10**9))
    if found["card.json"].file_size > MOST_CARD_BYTES:
        raise InvalidModel(_("card.json is no model card."))
    for name, entry in found.items():
        with archive.open(entry) as packed, (folder / name).open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)  # zipfile stops at the size that was checked


def _check(folder: Path) -> str:
    """Validates the model in `folder`: its network loads and returns vectors of the right dimension. Returns its
    version.
    """
    try:
        card = json.loads((folder / "card.json").read_bytes())
        version = card["version"]
        if not re.fullmatch(r"[A-Za-z0-9][\w.\-]{0,99}", version):
            raise InvalidModel(_("%s is no version.") % repr(version)[:100])
        if card["dim"] != DIM or not isinstance(card["input_size"], int) or not card["backbone"]:
            raise InvalidModel(_("Its embeddings have %s numbers, not 256.") % card["dim"])
        Embedder(folder).warm_up()
    except InvalidModel:
        raise
    except Exception as error:  # errors of JSON, of the card's structure or of ONNX Runtime: the model is invalid
        raise InvalidModel(_("The model cannot be loaded: %(reason)s") % {"reason": str(error)[:300]}) from error
    return version
