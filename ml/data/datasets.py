"""Datasets: lists of photos with the product that each one shows, from several layouts.

Training and evaluation start from `list[Photo]`. Nothing here decodes a picture.
"""

import csv
import hashlib
import logging
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.db.models.fields.files import FieldFile

from catalog.imports.clutter import is_clutter
from ml.files import whole

logger = logging.getLogger(__name__)

PHOTO_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)
PRODUCT_COLUMNS = ("product", "product_id", "sku")
PATH_COLUMNS = ("path", "images", "image", "file", "filename")
# What `write_split` leaves beside the photos.
MANIFEST = "manifest.csv"
# What the folders of a dataset that is already split are called.
SPLITS = frozenset({"train", "val", "test", "query", "gallery"})


class UnusableDataset(ValueError):
    """The photos cannot be used for this; str() says why and what to do."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of a product. `split` is the part of the dataset it belongs to, if the dataset defines parts."""

    path: Path
    product: str
    category: str | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class JudgedPicture:
    """The picture of a judged search (relevance feedback).

    jpeg: the crop that was searched for. product: what it shows; None if no product, or several, were judged right.
    wrong: products that were found and judged wrong.
    """

    name: str
    jpeg: bytes
    product: str | None
    wrong: tuple[str, ...] = ()


def read_photos(source: Path | str) -> list[Photo]:
    """The photos of a folder or a list, in a stable order, recognised by their layout:

    - a folder of `<product_id>_<view_id>.jpg`; a name without `_` is a product of its own;
    - a folder per product, or per category with a folder per product inside;
    - either of these below `train/`, `val/`, `test/`, `query/`, `gallery/` (then `split` is set);
    - a CSV with a product (`product`, `product_id`, `sku`) and a path column (`path`, `images`, `image`,
      `file`, `filename`; several joined by `|`, relative to the CSV), or a folder with a `products.csv` or
      the `manifest.csv` of `split_dataset`;
    - Stanford Online Products (Song et al. 2016): `Ebay_train.txt`, `Ebay_test.txt`, `Ebay_info.txt`, or
      their folder;
    - DeepFashion In-Shop (Liu et al. 2016): `list_eval_partition.txt`, or a folder that holds it.

    `source#split` keeps one part only: `list_eval_partition.txt#query`.

    Listed photos that are not there are left out, with a warning.
    Raises UnusableDataset: nothing there, no photo in it, or a list that cannot be read.
    """
    path, hash_sign, split = str(source).rpartition("#")
    if not hash_sign or Path(source).exists():
        path, split = str(source), ""
    photos = [photo for photo in _read(Path(path)) if split in ("", photo.split)]
    if not photos:
        raise UnusableDataset(f"There is no photo in {source}.")
    return photos


def photos_of_the_catalogue() -> list[Photo]:
    """The stored, readable photos of active products, by SKU and position.

    Photos in remote storage are copied once to `VAR_DIR/cache/photos/`.
    """
    from catalog.models import ProductImage

    images = (
        ProductImage.objects.filter(product__is_active=True, error="")
        .select_related("product__category")
        .order_by("product__sku", "position", "pk")
    )
    photos = [
        Photo(
            path=_local_path(image.file, image.sha256),
            product=image.product.sku,
            category=image.product.category.name if image.product.category else None,
        )
        for image in images
    ]
    if not photos:
        raise UnusableDataset("No active product of the catalogue has a photo yet.")
    return photos


def same_bytes(paths: Iterable[Path]) -> list[list[Path]]:
    """Groups of two and more files with the same content, in the order given; reads only those of one size."""
    by_size = defaultdict(list)
    for path in dict.fromkeys(paths):
        by_size[path.stat().st_size].append(path)
    by_content = defaultdict(list)
    for size, candidates in by_size.items():
        if len(candidates) > 1:
            for path in candidates:
                by_content[size, sha256_of(path)].append(path)
    return [group for group in by_content.values() if len(group) > 1]


def _read(path: Path) -> list[Photo]:
    if not path.exists():
        raise UnusableDataset(f"{path} does not exist.")
    if path.is_file():
        return _read_list(path)
    for name in ("list_eval_partition.txt", "Eval/list_eval_partition.txt", "products.csv", MANIFEST):
        if (path / name).is_file():
            return _read_list(path / name)
    if (path / "Ebay_train.txt").is_file() and (path / "Ebay_test.txt").is_file():
        return _read_list(path / "Ebay_train.txt") + _read_list(path / "Ebay_test.txt")
    return _read_folder(path)


def _read_list(path: Path) -> list[Photo]:
    reader: Callable[[Path], Iterator[Photo]]
    if path.name.startswith("Ebay_") and path.suffix == ".txt":
        reader = _read_stanford
    elif path.name.startswith("list_eval_partition") and path.suffix == ".txt":
        reader = _read_in_shop
    elif path.suffix.lower() == ".csv":
        reader = _read_csv
    else:
        raise UnusableDataset(
            f"{path} is not a list of photos: a CSV, Ebay_*.txt or list_eval_partition.txt is expected."
        )
    try:
        photos = list(reader(path))
    except (UnicodeDecodeError, csv.Error, IndexError, ValueError) as error:
        if isinstance(error, UnusableDataset):
            raise
        raise UnusableDataset(f"{path} cannot be read as a list of photos: {error}.") from error
    present = [photo for photo in photos if photo.path.is_file()]
    if len(present) < len(photos):  # cleaned away, for instance
        first = next(photo.path for photo in photos if not photo.path.is_file())
        missing = f"{len(photos) - len(present)} of the {len(photos)} photos that {path} names are not there"
        if not present:
            raise UnusableDataset(f"{missing}, first {first}.")
        logger.warning("%s and are left out, first %s.", missing, first)
    return present


def _read_folder(root: Path) -> list[Photo]:
    photos = []
    for path in photo_files(root):
        parts = path.relative_to(root).parts
        split = parts[0] if len(parts) > 1 and parts[0] in SPLITS else None
        folders = parts[1:-1] if split else parts[:-1]
        photos.append(
            Photo(
                path=path,
                product="/".join(folders) or product_of(path),
                category=folders[0] if len(folders) > 1 else None,
                split=split,
            )
        )
    return photos


def photo_files(root: Path) -> list[Path]:
    """All files below `root` that are named like photos, sorted; nothing hidden, nothing that a system put there."""
    return sorted(
        path
        for path in root.rglob("*")
        if path.suffix.lower() in PHOTO_SUFFIXES
        and not any(is_clutter(part) for part in path.relative_to(root).parts)
        and path.is_file()
    )


def product_of(path: Path) -> str:
    """`<product_id>` of `<product_id>_<view_id>.jpg`; the whole stem when it names no view."""
    return path.stem.rpartition("_")[0] or path.stem


def _read_csv(path: Path) -> Iterator[Photo]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        columns = rows.fieldnames or []
        product_column = next((name for name in PRODUCT_COLUMNS if name in columns), None)
        path_column = next((name for name in PATH_COLUMNS if name in columns), None)
        if not product_column or not path_column:
            raise UnusableDataset(
                f"{path} needs a product column ({', '.join(PRODUCT_COLUMNS)}) and a path column "
                f"({', '.join(PATH_COLUMNS)})."
            )
        for row in rows:
            product = (row[product_column] or "").strip()
            if not product:
                raise UnusableDataset(f"{path}, line {rows.line_num}: the product is empty.")
            for name in filter(None, (part.strip() for part in (row[path_column] or "").split("|"))):
                yield Photo(
                    path=path.parent / name,
                    product=product,
                    category=row.get("category") or None,
                    split=row.get("split") or None,
                )


def _read_stanford(path: Path) -> Iterator[Photo]:
    # image_id class_id super_class_id path, below a header; `Ebay_info.txt` holds both parts.
    split = {"Ebay_train.txt": "train", "Ebay_test.txt": "test"}.get(path.name)
    for line in path.read_text().splitlines()[1:]:
        if line.strip():
            _, product, _, name = line.split(maxsplit=3)
            category = PurePosixPath(name).parts[0].removesuffix("_final")
            yield Photo(path.parent / name, product, category, split)


def _read_in_shop(path: Path) -> Iterator[Photo]:
    # A count, a header, then: img/WOMEN/Dresses/id_00000002/02_1_front.jpg id_00000002 train
    lines = [line.split() for line in path.read_text().splitlines()[2:] if line.strip()]
    roots = (path.parent, path.parent.parent, path.parent / "Img", path.parent.parent / "Img")
    root = next((root for root in roots if lines and (root / lines[0][0]).is_file()), path.parent)
    for name, product, split in lines:
        yield Photo(root / name, product, PurePosixPath(name).parent.parent.name or None, split)


def _local_path(file: FieldFile, sha256: str) -> Path:
    try:
        return Path(file.path)
    except NotImplementedError:  # the storage is remote
        copy = settings.VAR_DIR / "cache" / "photos" / f"{sha256}{Path(file.name or '').suffix}"
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        with whole(copy) as unfinished, file.open("rb") as source, unfinished.open("wb") as target:
            shutil.copyfileobj(source, target)
    return copy


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
