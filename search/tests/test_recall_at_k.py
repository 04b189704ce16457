"""The command, on real files with a tiny but real model."""

import json
import resource
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from catalog.models import Product
from conftest import photo_of
from ml.models import ModelVersion
from ml.tests.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model"), seed=5)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """shop/: two photos of each of six products. phone/: a third of each, and one of a product the shop lacks."""
    for i in range(6):
        for view in range(3):
            folder = tmp_path / ("phone" if view == 2 else "shop")
            folder.mkdir(exist_ok=True)
            (folder / f"p{i}_{view}.jpg").write_bytes(photo_of(f"p{i}", view))
    (tmp_path / "phone" / "absent_1.jpg").write_bytes(photo_of("absent"))
    return tmp_path


def measure(*args: object) -> str:
    said = StringIO()
    call_command("recall_at_k", *map(str, args), stdout=said)
    return said.getvalue()


def figures(file: Path) -> dict:
    return json.loads(file.read_text())


def test_queries_against_a_gallery_give_the_figures_as_fractions(shelf: Path, tiny: Path) -> None:
    out = shelf / "figures.json"
    said = measure(
        "--queries", shelf / "phone", "--gallery", shelf / "shop", "--model", tiny, "--k", 1, 3, "--json", out
    )
    written = figures(out)
    assert written["model"] == "tiny-20261123-0000005"
    assert (written["queries"], written["left_out"], written["gallery"], written["products"]) == (6, 1, 12, 6)
    assert list(written["recall"]) == ["1", "3"]
    low, high = written["recall_1_ci95"]
    assert 0 <= low <= written["recall"]["1"] <= written["recall"]["3"] <= 1
    assert low <= written["recall"]["1"] <= high
    assert written["recall"]["1"] <= written["mrr"] <= 1
    assert f"Recall@3   {written['recall']['3']:>7.1%}" in said
    assert "1 more queries show a product that is not there, and are left out." in said


def test_several_galleries_are_searched_as_one(shelf: Path, tiny: Path) -> None:
    out = shelf / "figures.json"
    galleries = (shelf / "shop", shelf / "phone")
    measure("--queries", shelf / "phone", "--gallery", *galleries, "--model", tiny, "--k", 1, "--json", out)
    assert figures(out)["gallery"] == 19


def test_a_query_that_finds_its_own_file_is_reported(shelf: Path, tiny: Path) -> None:
    out = shelf / "figures.json"
    said = measure("--queries", shelf / "shop", "--gallery", shelf / "shop", "--model", tiny, "--json", out)
    assert figures(out)["copies"] == 12
    assert "12 queries find their own file there" in said


def test_with_queries_alone_each_photo_searches_the_others(shelf: Path, tiny: Path) -> None:
    out = shelf / "figures.json"
    measure("--queries", shelf / "shop", "--model", tiny, "--json", out)
    written = figures(out)
    assert (written["protocol"], written["queries"], written["gallery"]) == ("leave-one-out", 12, 12)
    assert written["copies"] == 0


def test_the_colour_baseline_stands_beside_each_figure(shelf: Path, tiny: Path) -> None:
    out = shelf / "figures.json"
    said = measure("--queries", shelf / "shop", "--model", tiny, "--baseline", "--json", out)
    baseline = figures(out)["baseline"]
    assert (baseline["model"], baseline["queries"], baseline["gallery"]) == ("colour histogram", 12, 12)
    line = next(line for line in said.splitlines() if line.startswith("Recall@1 "))
    assert line.split()[-1] == f"{baseline['recall']['1']:.1%}"


def test_a_set_on_which_colours_alone_find_more_is_called_easy(shelf: Path, tiny: Path) -> None:
    for product, wide in enumerate((2, 4, 6)):  # white stripes: upright in one photo, level in the other
        for view in range(2):
            stripes = np.zeros((32, 32, 3), np.uint8)
            stripes[:, np.arange(32) % 8 < wide] = 255
            (shelf / "easy").mkdir(exist_ok=True)
            Image.fromarray(np.rot90(stripes, view)).save(shelf / "easy" / f"p{product}_{view}.png")
    page = shelf / "report.html"
    said = measure("--queries", shelf / "easy", "--model", tiny, "--k", 1, "--baseline", "--report", page)
    assert "Colours alone find more: these photos are easy" in said
    assert "A histogram of colours finds more" in page.read_text()
    assert "Colours alone find more" not in measure("--queries", shelf / "shop", "--model", tiny, "--baseline")


def test_the_report_is_a_web_page(shelf: Path, tiny: Path) -> None:
    measure("--queries", shelf / "shop", "--model", tiny, "--baseline", "--report", shelf / "report.html")
    page = (shelf / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "Recall of tiny-20261123-0000005" in page


def test_a_full_disk_leaves_the_former_figures_whole(shelf: Path, tiny: Path) -> None:
    out = shelf / "figures.json"
    out.write_text("the former figures")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(CommandError, match="The figures could not be written"):
            measure("--queries", shelf / "shop", "--model", tiny, "--json", out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert out.read_text() == "the former figures"
    assert not list(shelf.glob("*.unfinished"))


def test_the_catalogue_is_measured_with_the_active_model(
    make_product: Callable[..., Product], model: ModelVersion, tmp_path: Path
) -> None:
    for i in range(4):
        make_product(f"mug-{i}", photos=2, category="Mugs" if i else "Cups")
    make_product("alone", photos=1)
    make_product("hidden", photos=2, is_active=False)
    out = tmp_path / "figures.json"
    said = measure("--catalogue", "--k", 1, 5, "--json", out)
    written = figures(out)
    assert written["model"] == model.version
    assert (written["queries"], written["left_out"], written["gallery"], written["products"]) == (8, 1, 9, 5)
    assert {row["name"] for row in written["categories"]} == {"Mugs", "Cups"}
    assert "Mugs" in said


def test_phone_photos_search_the_catalogue_by_sku(
    make_product: Callable[..., Product], model: ModelVersion, shelf: Path
) -> None:
    for i in range(6):
        make_product(f"p{i}")
    out = shelf / "figures.json"
    measure("--queries", shelf / "phone", "--catalogue", "--k", 1, "--json", out)
    assert (figures(out)["queries"], figures(out)["left_out"], figures(out)["gallery"]) == (6, 1, 6)


def test_a_model_is_found_by_its_version(shelf: Path, settings) -> None:
    write_tiny_model(settings.MODELS_DIR / "mine", seed=6)
    assert measure("--queries", shelf / "shop", "--model", "mine").startswith("tiny-20261123-0000006: 12 queries")


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (("--queries", "shop", "--k", "12"), "K = 12 is larger than the 11 photos there are to find"),
        (("--queries", "phone", "--gallery", "shop", "--k", "13"), "K = 13 is larger than the 12 photos"),
        (("--queries", "shop", "--k", "0"), "--k takes whole numbers from 1 up"),
        (("--queries", "phone", "--k", "1"), "No product has two photos, so no query has anything to find"),
        (("--queries", "nowhere"), "nowhere does not exist"),
        (("--queries", "shop", "--json", "no/such/folder.json"), "The folder .*no/such does not exist"),
        (("--queries", "shop", "--ann"), "give --catalogue as well"),
        (("--gallery", "shop", "--catalogue"), "Give --queries PATH to search the --gallery with"),
        ((), "Give --queries PATH, --catalogue, or both"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(
    shelf: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], complaint: str
) -> None:
    monkeypatch.chdir(shelf)
    with pytest.raises(CommandError, match=complaint) as error:
        measure(*args, "--model", tiny)
    assert error.value.returncode == 1


def test_queries_without_any_product_of_the_gallery_are_refused(shelf: Path, tiny: Path) -> None:
    (shelf / "other").mkdir()
    (shelf / "phone" / "absent_1.jpg").rename(shelf / "other" / "absent_1.jpg")
    with pytest.raises(CommandError, match="None of the 1 queries shows a product that is in the gallery"):
        measure("--queries", shelf / "other", "--gallery", shelf / "shop", "--model", tiny)


def test_an_unreadable_photo_is_named(shelf: Path, tiny: Path) -> None:
    (shelf / "shop" / "p9_1.jpg").write_text("no photo")
    with pytest.raises(CommandError, match=r"p9_1.jpg cannot be read \(not_an_image\). Run clean_images"):
        measure("--queries", shelf / "shop", "--model", tiny)


def test_a_model_that_is_not_there_is_named(shelf: Path, db: None) -> None:
    with pytest.raises(CommandError, match="There is no model yesterdays: give a version or a model's folder"):
        measure("--queries", shelf / "shop", "--model", "yesterdays")


def test_without_an_active_model_one_must_be_named(shelf: Path, model: ModelVersion) -> None:
    ModelVersion.objects.all().delete()
    with pytest.raises(CommandError, match=r"No model is active\. Name one with --model"):
        measure("--queries", shelf / "shop")
