"""What a folder, an archive or a CSV says is a product, and which photo is which view of it."""

import csv
import os
import zipfile
from pathlib import Path

import pytest

from catalog.imports.importer import run_import
from catalog.imports.sources import UnusableSource
from catalog.models import Product
from conftest import photo_of

pytestmark = pytest.mark.django_db


def write_photos(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo_of(name, number))
    return folder


def zipped(folder: Path) -> Path:
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder))
    return archive


def views() -> dict[str, list[str]]:
    return {
        product.sku: [image.view_id for image in product.images.all()] for product in Product.objects.order_by("sku")
    }


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["12_000.jpg", "12_001.jpg", "a_b_front.png"], {"12": ["000", "001"], "a_b": ["front"]}),
        (["lone.jpg"], {"lone": ["lone"]}),
        (["mug/1.jpg", "mug/front_left.jpg", "lamp/1.jpg"], {"lamp": ["1"], "mug": ["1", "front_left"]}),
        (["export/12_000.jpg", "export/13_000.jpg"], {"12": ["000"], "13": ["000"]}),
        (["mug/1.jpg", "mug/2.jpg"], {"mug": ["1", "2"]}),
        (["12_0.jpg", ".hidden_0.jpg", "__MACOSX/._12_0.jpg", "notes_1.txt"], {"12": ["0"]}),
    ],
    ids=["flat names", "no view", "folder per product", "flat in one folder", "one product", "clutter"],
)
def test_file_and_folder_names_tell_product_and_view(tmp_path, names, expected, packed):
    folder = write_photos(tmp_path / "photos", *names)
    run_import(zipped(folder) if packed else folder)
    assert views() == expected


def test_the_folder_above_a_products_folder_is_its_category(tmp_path):
    run_import(write_photos(tmp_path, "mugs/blue-mug/1.jpg", "lamps/red-lamp/1.jpg"))
    assert Product.objects.get(sku="blue-mug").category.name == "mugs"
    assert Product.objects.get(sku="red-lamp").category.name == "lamps"


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_a_folder_with_a_products_csv_is_that_csv(tmp_path, packed):
    folder = write_photos(tmp_path / "shop", "images/any.jpg", "images/12_back.jpg", "images/unlisted.jpg")
    with (folder / "products.csv").open("w") as file:
        csv.writer(file).writerows(
            [["sku", "title", "images"], ["12", "Mug, blue", "images/any.jpg|images/12_back.jpg"]]
        )
    run_import(zipped(folder) if packed else folder)
    assert views() == {"12": ["any", "back"]}
    assert Product.objects.get().title == "Mug, blue"


def test_an_archive_finds_photos_whose_names_use_other_unicode(tmp_path):
    folder = write_photos(tmp_path / "shop", "cafe\u0301.jpg")  # as macOS writes it
    (folder / "products.csv").write_text("sku,images\n12,caf\u00e9.jpg\n")
    run_import(zipped(folder))
    assert len(views()["12"]) == 1


def test_a_stored_photo_knows_its_upright_size_and_true_format(tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("RGB", (60, 40)).save(tmp_path / "12_0.png", "JPEG", exif=exif)
    run_import(tmp_path)
    image = Product.objects.get().images.get()
    assert (image.width, image.height) == (40, 60)
    assert image.file.name.endswith(".jpg")


def test_a_file_name_that_is_no_text_is_refused_and_the_others_go_in(tmp_path):
    write_photos(tmp_path, "12_0.jpg")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/1\xff_0.jpg")).write_bytes(photo_of("x"))
    run_import(tmp_path)
    assert list(views()) == ["12"]


@pytest.mark.parametrize("name", ["nowhere", "empty", "text.txt"])
def test_a_source_without_products_is_refused_with_a_reason(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(UnusableSource, match=r"does not exist|neither|must name the columns"):
        run_import(tmp_path / name)
