import random
from pathlib import Path

import pytest

from ml.data.datasets import Photo, UnusableDataset, same_bytes
from ml.data.splitting import split_by_product, train_and_validation


def shelf(folder: Path, products: int, views: int = 2) -> list[Photo]:
    photos = [Photo(folder / f"{p}_{v}.jpg", f"p{p}") for p in range(products) for v in range(views)]
    for photo in photos:
        photo.path.write_text(photo.path.name)
    return photos


def of(photos: list[Photo]) -> set[str]:
    return {photo.product for photo in photos}


def test_the_parts_share_no_product_and_lose_no_photo(tmp_path: Path) -> None:
    photos = shelf(tmp_path, 20)
    train, val, test = split_by_product(photos, test_fraction=0.2, val_fraction=0.1)
    assert (len(of(train)), len(of(val)), len(of(test))) == (14, 2, 4)
    assert len(of(train) | of(val) | of(test)) == 20
    assert sorted(p.path for p in train + val + test) == sorted(p.path for p in photos)
    assert {p.split for p in train} | {p.split for p in val} | {p.split for p in test} == {"train", "val", "test"}


def test_the_split_depends_on_the_seed_and_not_on_the_order(tmp_path: Path) -> None:
    photos = shelf(tmp_path, 20)
    shuffled = random.Random(1).sample(photos, len(photos))
    assert [of(part) for part in split_by_product(photos)] == [of(part) for part in split_by_product(shuffled)]
    assert of(split_by_product(photos, seed=0)[2]) != of(split_by_product(photos, seed=1)[2])


def test_a_new_product_leaves_nearly_all_others_where_they_were(tmp_path: Path) -> None:
    photos = shelf(tmp_path, 40)
    before, after = split_by_product(photos[:-2])[2], split_by_product(photos)[2]
    assert len(of(before) - of(after)) <= 1


def test_products_that_share_a_photo_are_never_torn_apart(tmp_path: Path) -> None:
    photos = shelf(tmp_path, 30)
    for first, second in ((0, 10), (10, 20)):  # a chain: p0 = p10 = p20
        (tmp_path / f"{second}_0.jpg").write_bytes((tmp_path / f"{first}_{int(first > 0)}.jpg").read_bytes())
        photos[first * 2 + int(first > 0)].path.write_bytes((tmp_path / f"{second}_0.jpg").read_bytes())
    for seed in range(10):
        parts = [of(part) & {"p0", "p10", "p20"} for part in split_by_product(photos, 0.3, 0.3, seed)]
        assert sorted(map(len, parts)) == [0, 0, 3]


def test_same_bytes_finds_copies_and_not_files_that_only_are_as_long(tmp_path: Path) -> None:
    for name, text in {"a": "one", "b": "two", "c": "one", "d": "three"}.items():
        (tmp_path / name).write_text(text)
    assert same_bytes(sorted(tmp_path.iterdir())) == [[tmp_path / "a", tmp_path / "c"]]


def test_without_a_product_of_two_photos_there_is_nothing_to_split(tmp_path: Path) -> None:
    with pytest.raises(UnusableDataset, match="No product has two photos"):
        split_by_product(shelf(tmp_path, 5, views=1))


def test_a_part_that_would_get_no_product_of_two_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableDataset, match="for the part 'train'"):
        split_by_product(shelf(tmp_path, 2))


def test_training_never_sees_the_test_part_and_keeps_a_validation_part_of_its_own_products(tmp_path: Path) -> None:
    train, val, test = split_by_product(shelf(tmp_path, 20))
    assert train_and_validation(train + val + test) == (train, val)


def test_a_validation_part_that_shares_products_with_training_is_cut_anew(tmp_path: Path) -> None:
    photos = [
        Photo(p.path, p.product, split="val" if i % 4 == 0 else "train") for i, p in enumerate(shelf(tmp_path, 20))
    ]
    train, val = train_and_validation(photos, val_fraction=0.2)
    assert (len(of(train)), len(of(val))) == (16, 4)
    assert not of(train) & of(val)
