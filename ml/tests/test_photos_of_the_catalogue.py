from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage

from catalog.models import Product, ProductImage
from conftest import photo_of
from ml.data.datasets import UnusableDataset, photos_of_the_catalogue


class RemoteStorage(Storage):
    """Like a bucket: no file of it has a path on this disk."""

    files: ClassVar[dict[str, bytes]] = {}

    def _save(self, name: str, content: File) -> str:
        self.files[name] = content.read()
        return name

    def _open(self, name: str, mode: str = "rb") -> File:
        return ContentFile(self.files[name])

    def exists(self, name: str) -> bool:
        return name in self.files


def test_active_products_give_their_readable_photos_in_order(make_product: Callable[..., Product]) -> None:
    make_product("b", photos=2, category="Mugs")
    make_product("a", photos=1)
    make_product("hidden", is_active=False)
    ProductImage.objects.filter(product__sku="b", position=0).update(error="This photo is cut off.")
    photos = photos_of_the_catalogue()
    assert [(photo.product, photo.category) for photo in photos] == [("a", "Shoes"), ("b", "Mugs")]
    assert photos[1].path.read_bytes() == photo_of("b", view=1)


def test_photos_in_remote_storage_are_fetched_once(
    make_product: Callable[..., Product], settings, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": f"{__name__}.RemoteStorage"}}
    make_product("a")
    (photo,) = photos_of_the_catalogue()
    assert photo.path.read_bytes() == photo_of("a")
    assert photo.path.is_relative_to(tmp_path / "var" / "cache")
    fetched = photo.path.stat().st_mtime_ns
    assert photos_of_the_catalogue() == [photo]
    assert photo.path.stat().st_mtime_ns == fetched


def test_an_empty_catalogue_is_said_plainly(db: None) -> None:
    with pytest.raises(UnusableDataset, match="No active product of the catalogue has a photo yet"):
        photos_of_the_catalogue()
