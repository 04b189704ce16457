from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ml.data import splitting
from ml.data.datasets import Photo, UnusableDataset, read_photos
from ml.tests.drawing import draw


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for product in range(10):
        for view in range(2):
            draw(tmp_path / "source" / f"{product:03d}_{view}.jpg", seed=10 * product + view)
    return tmp_path / "source"


def split(source: Path, out: Path, *args: str) -> str:
    said = StringIO()
    call_command("split_dataset", str(source), "--out", str(out), *args, stdout=said)
    return said.getvalue()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_photo_lands_in_one_part_and_no_product_in_two(source: Path, tmp_path: Path) -> None:
    said = split(source, tmp_path / "out")
    assert "train: 14 photos of 7 products\nval: 2 photos of 1 products\ntest: 4 photos of 2 products" in said
    photos = read_photos(tmp_path / "out")
    assert len(photos) == 20
    assert {photo.path.parent.name for photo in photos} == {"train", "val", "test"}
    assert len({(photo.product, photo.split) for photo in photos}) == 10
    assert {photo.path.read_bytes() for photo in photos} == set(snapshot(source).values())


def test_each_part_can_be_read_by_itself(source: Path, tmp_path: Path) -> None:
    split(source, tmp_path / "out")
    by_folder = {(photo.path.name, photo.product) for photo in read_photos(tmp_path / "out" / "test")}
    assert by_folder == {(photo.path.name, photo.product) for photo in read_photos(f"{tmp_path / 'out'}#test")}


def test_product_and_category_of_any_layout_survive(tmp_path: Path) -> None:
    rows = [f"{p}/{v}.jpg,P{p},kitchen" for p in range(10) for v in range(2)]
    for seed, row in enumerate(rows):
        draw(tmp_path / "list" / row.split(",")[0], seed)
    (tmp_path / "list" / "all.csv").write_text("\n".join(["path,sku,category", *rows]))
    split(tmp_path / "list" / "all.csv", tmp_path / "out", "--seed", "3")
    assert {(p.product, p.category) for p in read_photos(tmp_path / "out")} == {(f"P{i}", "kitchen") for i in range(10)}


def test_the_same_split_again_changes_nothing(source: Path, tmp_path: Path) -> None:
    split(source, tmp_path / "out")
    before = snapshot(tmp_path / "out")
    assert "holds this split already" in split(source, tmp_path / "out")
    assert snapshot(tmp_path / "out") == before


def test_a_folder_that_holds_anything_else_is_left_alone(source: Path, tmp_path: Path) -> None:
    split(source, tmp_path / "out")
    before = snapshot(tmp_path / "out")
    with pytest.raises(CommandError, match="is not empty and holds something else"):
        split(source, tmp_path / "out", "--seed", "1")
    assert snapshot(tmp_path / "out") == before


def test_a_split_that_fails_half_way_leaves_nothing(source: Path, tmp_path: Path, monkeypatch: Any) -> None:
    link = splitting._link_or_copy

    def disk_is_full_at_the_tenth(photo: Path, target: Path) -> None:
        if len(list(target.parent.parent.rglob("*.jpg"))) >= 10:
            raise OSError(28, "No space left on device")
        link(photo, target)

    monkeypatch.setattr(splitting, "_link_or_copy", disk_is_full_at_the_tenth)
    with pytest.raises(CommandError, match=r"nothing of it is left: .*No space left"):
        split(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir() if path.is_dir() and path.name.startswith("out")] == []


def test_where_files_cannot_be_linked_they_are_copied(source: Path, tmp_path: Path, monkeypatch: Any) -> None:
    def no_links(self: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    split(source, tmp_path / "out")
    assert all(photo.path.stat().st_nlink == 1 for photo in read_photos(tmp_path / "out"))


def test_a_product_that_cannot_name_a_folder_is_refused(tmp_path: Path) -> None:
    photos = [Photo(draw(tmp_path / "a" / f"{i}.jpg", i), "../../etc", split="train") for i in range(2)]
    with pytest.raises(UnusableDataset, match="cannot name a folder"):
        splitting.write_split(photos, tmp_path / "out")


@pytest.mark.parametrize("args", [("--test-fraction", "1"), ("--val-fraction", "-0.1")])
def test_a_fraction_that_is_none_is_refused(source: Path, tmp_path: Path, args: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match="is not a fraction"):
        split(source, tmp_path / "out", *args)


def test_a_split_without_a_validation_product_is_refused_and_writes_nothing(source: Path, tmp_path: Path) -> None:
    for path in source.glob("*_1.jpg"):
        if path.name > "002":
            path.unlink()
    with pytest.raises(CommandError, match="The split leaves no product with two photos"):
        split(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()
