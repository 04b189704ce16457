"""Finds files of a photo folder that should not be trained on: damaged, tiny, or duplicated."""

import csv
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from tqdm import tqdm

from ml.data.datasets import UnusableDataset, photo_files, read_photos, same_bytes
from ml.images import UnreadablePhoto, read_photo

# Pixels. A photo with a shorter side would have to be enlarged for the network's input.
TINY = 32
# Written by `set_aside` beside the moved files: the origin of each, and the reason.
MOVED = "moved.csv"


@dataclass(frozen=True, slots=True)
class Flaw:
    """A file that should not be learned from. `code` is stable, `reason` a sentence."""

    path: Path
    code: str
    reason: str


def find_flaws(folder: Path, skip: Path | None = None) -> tuple[int, list[Flaw]]:
    """(number of photos read, flaws by path) of the photos below `folder`; those below `skip` are not read.

    Codes: those of UnreadablePhoto, `tiny`, `duplicate` (same bytes as an earlier file), and `two_products` (same bytes
    as a file of another product: one of the two labels is wrong). Raises UnusableDataset if the folder does not exist
    or contains no photo.
    """
    if not folder.is_dir():
        raise UnusableDataset(f"{folder} is not a folder.")
    paths = [path for path in photo_files(folder) if not (skip and path.is_relative_to(skip))]
    if not paths:
        raise UnusableDataset(f"There is no photo in {folder}.")
    with ThreadPoolExecutor() as threads:
        looked_at = tqdm(threads.map(_flaw, paths), total=len(paths), unit="photo", disable=None)
        flaws = [flaw for flaw in looked_at if flaw]
    flawed = {flaw.path for flaw in flaws}
    flaws += _copies([path for path in paths if path not in flawed], folder)
    return len(paths), sorted(flaws, key=lambda flaw: flaw.path)


def set_aside(flaws: Iterable[Flaw], folder: Path, target: Path) -> None:
    """Move the files from `folder` to the same relative path below `target`, and record each in `target/moved.csv`.

    Nothing is overwritten: if the name exists, a number is appended. Files that no longer exist are skipped. Raises
    UnusableDataset if `target` is `folder` or contains it, OSError if a file cannot be moved.
    """
    if folder.is_relative_to(target):
        raise UnusableDataset(f"Files cannot be moved from {folder} to {target}: choose a folder beside it.")
    target.mkdir(parents=True, exist_ok=True)
    with (target / MOVED).open("a", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        if not file.tell():
            rows.writerow(["from", "to", "code", "reason"])
        for flaw in flaws:
            if not flaw.path.exists():
                continue
            place = _free(target / flaw.path.relative_to(folder))
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.move(flaw.path, place)
            except OSError:  # a full disk: delete the partial copy; the original is still there
                if flaw.path.exists():
                    place.unlink(missing_ok=True)
                raise
            rows.writerow([flaw.path, place, flaw.code, flaw.reason])
            file.flush()


def _flaw(path: Path) -> Flaw | None:
    try:
        photo = read_photo(path, max_bytes=settings.PHOTO_MAX_BYTES, max_pixels=settings.PHOTO_MAX_PIXELS)
    except UnreadablePhoto as unreadable:
        # Only the first sentence: the rest is advice for shoppers.
        return Flaw(path, unreadable.code, str(unreadable).partition(". ")[0].rstrip(".") + ".")
    if min(photo.size) < TINY:
        return Flaw(path, "tiny", f"{photo.width} x {photo.height} pixels; each side needs {TINY}.")
    return None


def _copies(paths: list[Path], folder: Path) -> list[Flaw]:
    groups = same_bytes(paths)
    if not groups:
        return []
    product_at = {photo.path: photo.product for photo in read_photos(folder)}
    return [
        Flaw(copy, "duplicate", f"The same file as {first}.")
        if product_at.get(copy) == product_at.get(first)
        else Flaw(copy, "two_products", f"The same file as {first}, which shows another product.")
        for first, *copies in groups
        for copy in copies
    ]


def _free(place: Path) -> Path:
    number, free = 2, place
    while free.exists():
        free = place.with_stem(f"{place.stem}-{number}")
        number += 1
    return free
