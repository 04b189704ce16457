"""Decoded photos are kept between runs, and not for ever."""

import os
import time
from pathlib import Path

import pytest
from django.conf import settings

from ml.data.datasets import Photo
from ml.data.pixels import CACHE_KEPT, cached_pixels
from ml.tests.drawing import draw


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path)
    return tmp_path / "cache" / "pixels"


def photo(folder: Path, seed: int) -> list[Photo]:
    return [Photo(draw(folder / f"{seed}.png", seed=seed), "a")]


def grow_old(cache: Path) -> None:
    for path in cache.iterdir():
        os.utime(path, (then := time.time() - CACHE_KEPT - 1, then))


def test_what_no_run_has_used_for_long_is_removed(cache: Path, tmp_path: Path) -> None:
    cached_pixels(photo(tmp_path, 1), 16)
    old = set(cache.iterdir())
    grow_old(cache)
    cached_pixels(photo(tmp_path, 2), 16)
    assert len(old) == 2 and not old & set(cache.iterdir())


def test_what_is_used_again_is_kept_and_not_decoded_again(cache: Path, tmp_path: Path) -> None:
    photos = photo(tmp_path, 1)
    cached_pixels(photos, 16)
    (file,) = cache.glob("*.npy")
    inode = file.stat().st_ino
    grow_old(cache)
    cached_pixels(photos, 16)
    pixels, rows = cached_pixels(photo(tmp_path, 2), 16)
    assert pixels.shape == (1, 16, 16, 3) and rows == [0]
    assert file.stat().st_ino == inode
