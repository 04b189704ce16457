"""A deleted photo leaves no file behind, and no thumbnail; a deletion that is rolled back deletes nothing."""

import os
import time
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from catalog.models import ProductImage
from catalog.photos import cleanup
from catalog.photos.thumbnails import make_thumbnail
from conftest import photo_of

pytestmark = pytest.mark.django_db(transaction=True)


def stored(settings) -> int:
    return sum(path.is_file() for path in Path(settings.MEDIA_ROOT).rglob("*"))


def test_the_file_and_its_thumbnails_go_with_the_photo(make_product, settings):
    product = make_product(photos=2)
    first, second = product.images.all()
    for image in (first, second):
        make_thumbnail(image, "icon")
    assert stored(settings) == 4
    first.delete()
    assert stored(settings) == 2
    product.delete()
    assert stored(settings) == 0


def test_a_rolled_back_deletion_keeps_the_file(make_product, settings):
    make_product()
    with pytest.raises(RuntimeError), transaction.atomic():
        ProductImage.objects.all().delete()
        raise RuntimeError
    assert stored(settings) == 1


def test_a_replaced_file_and_its_thumbnails_go_whichever_way_the_new_one_comes(make_product, settings, staff):
    (image,) = make_product("mug").images.all()
    address = f"/api/v1/products/mug/images/{image.pk}/"
    for replace in (
        lambda: image.replace_file(photo_of("second"), ".jpg"),
        lambda: staff.put(address, {"image": SimpleUploadedFile("x.jpg", photo_of("third"))}, format="multipart"),
    ):
        image.refresh_from_db()
        make_thumbnail(image, "icon")
        assert stored(settings) == 2
        former = image.file.name
        replace()
        image.refresh_from_db()
        assert image.file.name != former
        assert stored(settings) == 1 and image.file.storage.exists(image.file.name)


def test_a_replacement_that_is_rolled_back_keeps_the_former_file(make_product):
    (image,) = make_product().images.all()
    former = image.file.name
    with pytest.raises(RuntimeError), transaction.atomic():
        image.replace_file(photo_of("second"), ".jpg")
        raise RuntimeError
    assert image.file.storage.exists(former)


def test_a_file_that_no_photo_names_is_swept_once_it_is_old(make_product, settings) -> None:
    image = make_product("mug").images.get()
    kept = Path(image.file.path)
    folder = kept.parent
    old, new = folder / "orphan.jpg", folder / "just-written.jpg"
    for path in (old, new):
        path.write_bytes(photo_of("x"))
    eight_days_ago = time.time() - 8 * 86400
    for path in (kept, old):
        os.utime(path, (eight_days_ago, eight_days_ago))
    shard = str(folder.parent.relative_to(settings.MEDIA_ROOT))
    assert [cleanup.sweep_folder(shard), cleanup.sweep_folder(shard)] == [1, 0]
    assert (kept.exists(), old.exists(), new.exists()) == (True, False, True)
    assert cleanup.sweep_folder("products/no-such") == 0
