"""A deleted photo leaves no file behind, and no thumbnail; a deletion that is rolled back deletes nothing."""

from pathlib import Path

import pytest
from django.db import transaction

from catalog.models import ProductImage
from catalog.photos.thumbnails import make_thumbnail

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
