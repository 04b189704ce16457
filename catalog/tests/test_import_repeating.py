"""An import may be stopped at any moment and repeated; the second time changes nothing."""

from pathlib import Path

import pytest

from catalog.imports.importer import Action, Outcome, run_import
from catalog.models import Product, ProductImage
from conftest import photo_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for sku in ("1", "2", "3"):
        for view in range(2):
            (folder / f"{sku}_{view}.jpg").write_bytes(photo_of(sku, view))
    return folder


def actions(source: Path) -> list[Action]:
    outcomes: list[Outcome] = []
    run_import(source, outcomes.extend)
    return [outcome.action for outcome in outcomes]


def stored_files(settings) -> list[str]:
    return sorted(path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())


@pytest.mark.django_db
def test_repeating_an_import_changes_nothing(folder, settings):
    assert actions(folder) == [Action.CREATE] * 3
    before = (
        list(ProductImage.objects.order_by("pk").values()),
        list(Product.objects.order_by("pk").values("pk", "updated")),
    )
    files = stored_files(settings)
    assert actions(folder) == [Action.KEEP] * 3
    assert before == (
        list(ProductImage.objects.order_by("pk").values()),
        list(Product.objects.order_by("pk").values("pk", "updated")),
    )
    assert stored_files(settings) == files


@pytest.mark.django_db
def test_a_photo_under_another_name_is_still_the_same_photo(folder):
    actions(folder)
    (folder / "1_0.jpg").rename(folder / "1_other.jpg")
    assert actions(folder) == [Action.KEEP] * 3


@pytest.mark.django_db
def test_two_files_of_one_view_keep_both_and_repeat_unchanged(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "front.jpg").write_bytes(photo_of(name))
    (tmp_path / "list.csv").write_text("sku,images\n12,a/front.jpg|b/front.jpg\n")
    actions(tmp_path / "list.csv")
    assert list(ProductImage.objects.values_list("view_id", flat=True)) == ["front", "front-2"]
    assert actions(tmp_path / "list.csv") == [Action.KEEP]


@pytest.mark.django_db(transaction=True)
def test_new_bytes_for_a_view_replace_its_photo_and_its_file(folder, settings):
    actions(folder)
    (folder / "1_0.jpg").write_bytes(photo_of("another"))
    assert actions(folder) == [Action.CHANGE, Action.KEEP, Action.KEEP]
    assert ProductImage.objects.count() == 6
    assert len(stored_files(settings)) == 6


class Killed(BaseException):
    """As abrupt as a signal: nothing of ours catches it."""


@pytest.mark.django_db(transaction=True)
def test_an_import_killed_after_writing_a_file_leaves_no_double_behind(folder, settings, monkeypatch):
    monkeypatch.setattr("catalog.imports.importer.BATCH", 1)

    def die_at_the_second(outcomes: list[Outcome]) -> None:
        if outcomes[0].line == 2:
            raise Killed

    with pytest.raises(Killed):
        run_import(folder, die_at_the_second)
    assert list(Product.objects.values_list("sku", flat=True)) == ["1"]
    assert len(stored_files(settings)) == 4, "the files of the second product are orphans now"
    assert actions(folder) == [Action.KEEP, Action.CREATE, Action.CREATE]
    assert len(stored_files(settings)) == 6


@pytest.mark.django_db
def test_a_product_edited_since_is_told_as_a_change(tmp_path):
    (tmp_path / "list.csv").write_text("sku,title\n12,Mug\n")
    actions(tmp_path / "list.csv")
    Product.objects.update(title="Cup")
    assert actions(tmp_path / "list.csv") == [Action.CHANGE]
    assert Product.objects.get().title == "Mug"
