"""No file outlives its photo: when a row goes, or gets another file, the old one and its thumbnails go too."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.core.files.storage import Storage
from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver

from catalog.models import ProductImage


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
