"""What is shown to shoppers holds nothing but pixels; a hidden product's pictures are for staff."""

from __future__ import annotations

import errno
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.test import Client
from PIL import ExifTags, Image

from catalog.benchmarks.pictures import encoded, patches
from catalog.models import ProductImage
from catalog.photos.storage import AtomicFileSystemStorage
from catalog.photos.thumbnails import SIZES

pytestmark = pytest.mark.django_db


def photo_with_a_place() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "A camera"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 0.0)
    data = encoded(patches(), "JPEG", exif=exif, comment=b"<script>alert(1)</script>")
    assert b"A camera" in data
    return data


def add(product, data: bytes) -> ProductImage:
    return ProductImage.objects.create(product=product, view_id="1", file=ContentFile(data, "x.jpg"))


def content(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_shows_neither_where_it_was_taken_nor_with_what(client: Client, make_product, size: str) -> None:
    image = add(make_product(photos=0), photo_with_a_place())
    response = client.get(image.picture_url(size))
    data = content(response)
    assert response["Content-Type"] == "image/jpeg" and response["X-Content-Type-Options"] == "nosniff"
    assert not Image.open(BytesIO(data)).getexif() and b"A camera" not in data and b"<script>" not in data


def test_the_api_names_pictures_without_metadata(client: Client, make_product) -> None:
    add(make_product("p", photos=0), photo_with_a_place())
    (image,) = client.get("/api/v1/products/p/").json()["images"]
    assert b"A camera" not in content(client.get(image["url"]))


def test_the_pictures_and_files_of_a_hidden_product_are_for_staff_only(
    client: Client, admin_client: Client, make_product
) -> None:
    product = make_product("p", photos=0)
    image = add(product, photo_with_a_place())
    thumbnail = image.picture_url("card")
    assert client.get(thumbnail).status_code == 200
    product.is_active = False
    product.save()
    stored = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert len(stored) == 2
    addresses = [f"/media/{path.relative_to(settings.MEDIA_ROOT)}" for path in stored]
    assert [client.get(address).status_code for address in [thumbnail, *addresses]] == [404, 404, 404]
    assert [admin_client.get(address).status_code for address in addresses] == [200, 200]


def test_a_file_reaches_staff_as_a_picture_whatever_it_holds(admin_client: Client, make_product) -> None:
    image = add(make_product(photos=0), photo_with_a_place())
    response = admin_client.get(f"/media/{image.file.name}")
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "sandbox" in response["Content-Security-Policy"]
    page = Path(settings.MEDIA_ROOT) / "page.html"
    page.write_text("<script>alert(1)</script>")
    assert admin_client.get("/media/page.html").status_code == 404


def test_an_empty_thumbnail_from_a_full_disk_is_made_again(client: Client, make_product) -> None:
    image = make_product().images.get()
    address = image.picture_url("card")
    whole = content(client.get(address))
    (thumbnail,) = [path for path in Path(settings.MEDIA_ROOT).rglob("thumbnails/**/*") if path.is_file()]
    thumbnail.write_bytes(b"")
    assert content(client.get(address)) == whole


def test_a_disk_that_fills_up_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    """The device that is always full stands in for the disk: the real error, from the real write."""
    storage = AtomicFileSystemStorage(location=tmp_path)

    class Filling(ContentFile):
        def chunks(self, chunk_size: int | None = None):
            yield b"the first part"
            with Path("/dev/full").open("wb", buffering=0) as full:
                full.write(b"x")

    with pytest.raises(OSError) as caught:
        storage.save("a/photo.jpg", Filling(b""))
    assert caught.value.errno == errno.ENOSPC
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert storage.save("a/photo.jpg", ContentFile(b"whole")) == "a/photo.jpg"
    other = storage.save("a/photo.jpg", ContentFile(b"another"))
    assert other != "a/photo.jpg" and (tmp_path / other).read_bytes() == b"another"
    assert (tmp_path / "a/photo.jpg").read_bytes() == b"whole"


def test_a_photo_whose_row_cannot_be_written_leaves_no_file(make_product) -> None:
    product = make_product(photos=0)
    add(product, photo_with_a_place())
    with pytest.raises(IntegrityError), transaction.atomic():
        add(product, encoded(patches((80, 60)), "JPEG"))
    assert len([path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]) == 1
