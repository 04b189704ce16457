"""Splits photos into training, validation and test parts without common products, and writes them to a folder."""

import csv
import hashlib
import io
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ml.data.datasets import MANIFEST, Photo, UnusableDataset, product_of, same_bytes, sha256_of


def split_by_product(
    photos: Iterable[Photo], test_fraction: float = 0.2, val_fraction: float = 0.1, seed: int = 0
) -> tuple[list[Photo], list[Photo], list[Photo]]:
    """(train, val, test) without common products, each photo with its `split`.

    The fractions are of products; 0 gives an empty part. Products that share a photo (the same bytes) stay together.
    The same photos and seed give the same split in any order, and adding products moves few of the others.

    Raises UnusableDataset if no product, or none of a requested part, has two photos.
    """
    photos = list(photos)
    check_that_products_have_several_photos(photos)
    groups = sorted(_products_that_share_photos(photos), key=lambda group: _shuffled(group[0], seed))
    total = sum(len(group) for group in groups)
    part_of: dict[str, str] = {}
    for part, fraction in (("test", test_fraction), ("val", val_fraction)):
        wanted, got = (max(1, round(total * fraction)) if fraction else 0), 0
        while got < wanted and groups:
            group = groups.pop(0)
            part_of |= dict.fromkeys(group, part)
            got += len(group)
    parts: dict[str, list[Photo]] = {"train": [], "val": [], "test": []}
    for photo in photos:
        part = part_of.get(photo.product, "train")
        parts[part].append(replace(photo, split=part))

    asked_for = {"train": 1.0, "val": val_fraction, "test": test_fraction}
    for part, members in parts.items():
        if asked_for[part] and not _products_with_two(members):
            raise UnusableDataset(
                f"The split leaves no product with two photos for the part {part!r} "
                f"({total} products in all; those that share a photo stay together). "
                "Add products or change the fractions."
            )
    return parts["train"], parts["val"], parts["test"]


def train_and_validation(
    photos: Iterable[Photo], val_fraction: float = 0.1, seed: int = 0
) -> tuple[list[Photo], list[Photo]]:
    """Training and validation photos without common products; a test part of the dataset is not used.

    If the dataset has a `val` part with products of its own, it is used; otherwise `val_fraction` of the products of
    `train` and `val` together becomes the validation part.
    """
    photos = [photo for photo in photos if photo.split in (None, "train", "val")]
    if not photos:
        raise UnusableDataset("There is no photo to train on: all belong to the test part.")
    train = [photo for photo in photos if photo.split != "val"]
    val = [photo for photo in photos if photo.split == "val"]
    disjoint = not {photo.product for photo in train} & {photo.product for photo in val}
    if train and val and disjoint and _products_with_two(train) and _products_with_two(val):
        return train, val
    train, val, _ = split_by_product(photos, test_fraction=0, val_fraction=val_fraction, seed=seed)
    return train, val


def write_split(parts: Iterable[Photo], out: Path) -> bool:
    """Write photos that have a `split` to `out/<split>/`, with a manifest that `read_photos` reads.

    A file keeps its name if the name contains its product, otherwise it goes to a folder named after its product. Files
    are hard links if the file system allows it, else copies. `out` is created atomically. Returns False, without
    changes, if it already holds exactly this split.

    Raises UnusableDataset if `out` holds anything else; OSError, for example if the disk is full.
    """
    places = _places_of(parts)
    manifest = _manifest(places)
    if out.is_dir() and any(out.iterdir()):
        existing = out / MANIFEST
        same = existing.is_file() and existing.read_text(encoding="utf-8") == manifest
        if same and all((out / place).is_file() for place in places):
            return False
        raise UnusableDataset(f"{out} is not empty and holds something else. Choose another folder.")
    unfinished = out.with_name(f"{out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        for place, photo in places.items():
            (unfinished / place).parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(photo.path, unfinished / place)
        (unfinished / MANIFEST).write_text(manifest, encoding="utf-8")
        unfinished.replace(out)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return True


def check_that_products_have_several_photos(photos: Iterable[Photo]) -> None:
    """Raises UnusableDataset unless some product has two photos: without a positive pair nothing can be learned."""
    if not _products_with_two(photos):
        raise UnusableDataset(
            "No product has two photos, so there is nothing to compare. "
            "Name files <product_id>_<view_id>.jpg, or give each product a folder."
        )


def check_that_there_is_something_to_compare(photos: Iterable[Photo]) -> None:
    """Raises UnusableDataset unless there are two products, one of them with two photos."""
    photos = list(photos)
    check_that_products_have_several_photos(photos)
    if len({photo.product for photo in photos}) < 2:
        raise UnusableDataset(
            f"All {len(photos)} photos show one product, so there is nothing to tell it from. Add photos of others."
        )


def _places_of(parts: Iterable[Photo]) -> dict[str, Photo]:
    """The relative path of each photo below the split's folder, all different."""
    places: dict[str, Photo] = {}
    taken: set[str] = set()
    for photo in parts:
        product = PurePosixPath(photo.product)
        if product.is_absolute() or any(part.startswith(".") for part in product.parts):
            raise UnusableDataset(f"The product {photo.product!r} of {photo.path} cannot name a folder.")
        folder = PurePosixPath(photo.split or "train")
        if product_of(photo.path) != photo.product:
            folder /= product
        place, number = folder / photo.path.name, 2
        while str(place).casefold() in taken:
            place = folder / f"{photo.path.stem}-{number}{photo.path.suffix}"
            number += 1
        taken.add(str(place).casefold())
        places[str(place)] = photo
    return places


def _manifest(places: dict[str, Photo]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["path", "product", "category", "split", "sha256"])
    for place, photo in sorted(places.items()):
        rows.writerow([place, photo.product, photo.category or "", photo.split, sha256_of(photo.path)])
    return text.getvalue()


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source.resolve())
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)


def _products_that_share_photos(photos: list[Photo]) -> list[list[str]]:
    """Sorted groups of products; products with a common photo (the same bytes) are in the same group."""
    group_of = {photo.product: frozenset([photo.product]) for photo in photos}
    products_at: defaultdict[Path, set[str]] = defaultdict(set)
    for photo in photos:
        products_at[photo.path].add(photo.product)
    for paths in [*([path] for path in products_at), *same_bytes(products_at)]:
        products = {product for path in paths for product in products_at[path]}
        merged = frozenset().union(*(group_of[product] for product in products))
        group_of |= dict.fromkeys(merged, merged)
    return [sorted(group) for group in set(group_of.values())]


def _products_with_two(photos: Iterable[Photo]) -> int:
    return sum(count > 1 for count in Counter(photo.product for photo in photos).values())


def _shuffled(product: str, seed: int) -> str:
    # A hash instead of a shuffle: the part of a product does not depend on the other products.
    return hashlib.sha256(f"{seed}:{product}".encode()).hexdigest()
