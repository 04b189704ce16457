"""No file outlives its photo: when a row goes, or gets another file, the old one and its thumbnails go too.

A process killed between writing a file and committing its row leaves a file that no row names: `sweep` finds it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.core.files.storage import Storage
from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver
from django.utils import timezone

from catalog.models import PHOTOS_DIR, ProductImage

logger = logging.getLogger(__name__)

ORPHANED_AFTER = timedelta(days=7)  # far beyond any transaction, and time to notice that a wrong backup was restored


@receiver(post_delete, sender=ProductImage)
def forget_file(instance: ProductImage, using: str, **kwargs: Any) -> None:
    name, storage = instance.file.name, instance.file.storage
    if name:
        transaction.on_commit(lambda: delete_with_thumbnails(storage, name), using=using, robust=True)


@receiver(pre_save, sender=ProductImage)
def note_former_file(instance: ProductImage, using: str, **kwargs: Any) -> None:
    """Whichever way a new file comes in: the admin, an import, the API."""
    if instance.pk is not None and not instance.file._committed:  # type: ignore[attr-defined]
        rows = ProductImage.objects.using(using).filter(pk=instance.pk)
        instance._former_file = rows.values_list("file", flat=True).first()  # type: ignore[attr-defined]


@receiver(post_save, sender=ProductImage)
def forget_former_file(instance: ProductImage, using: str, **kwargs: Any) -> None:
    if former := instance.__dict__.pop("_former_file", None):
        storage = instance.file.storage
        transaction.on_commit(lambda: delete_with_thumbnails(storage, former), using=using, robust=True)


def sweep() -> int:
    """Every ten minutes: delete old originals that no photo names from one of the 256 folders, each in turn, so that
    all are seen within two days. How many were deleted."""
    return sweep_folder(f"{PHOTOS_DIR}/{int(time.time()) // 600 % 256:02x}")


def sweep_folder(folder: str) -> int:
    storage = ProductImage._meta.get_field("file").storage
    before = timezone.now() - ORPHANED_AFTER
    files = [name for name in _files(storage, folder) if storage.get_modified_time(name) < before]
    named = set(ProductImage.objects.filter(file__startswith=f"{folder}/").values_list("file", flat=True))
    orphans = [name for name in files if name not in named]
    for name in orphans:
        delete_with_thumbnails(storage, name)  # looks again whether a photo names it
    if orphans:
        logger.info("Deleted %d files that no photo names, first %s.", len(orphans), orphans[0])
    return len(orphans)


def _files(storage: Storage, folder: str) -> Iterator[str]:
    """All below `folder`, of the folders that stand in it."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for below in folders:
        yield from _files(storage, f"{folder}/{below}")
    yield from (f"{folder}/{file}" for file in files)


def delete_with_thumbnails(storage: Storage, name: str) -> None:
    """Delete the file `name` and the thumbnails made of it, unless another photo has this file."""
    if ProductImage.objects.filter(file=name).exists():
        return
    storage.delete(name)
    path = PurePosixPath(name)
    folder = PurePosixPath(settings.THUMBNAIL_BASEDIR) / path.parent
    try:
        _folders, files = storage.listdir(str(folder))
    except FileNotFoundError:
        return
    for file in files:
        if file.startswith(f"{path.name}."):
            storage.delete(str(folder / file))
