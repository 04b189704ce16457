"""Turns, mirrors and clean apertures that a file asks for, and the shared examples."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.benchmarks.pictures import PATCHES, SIZE, encoded, patches
from catalog.photos.decoding import read_photo
from catalog.photos.errors import UnreadablePhoto
from catalog.photos.headers import read_header
from catalog.tests.picture_files import seen

LIMITS = {"max_bytes": 20_000_000, "max_pixels": 50_000_000}
STORED_AS = [None, None, 0, 3, 1, 5, 2, 6, 4]  # EXIF orientation -> what the camera did to the scene: the inverse turn


def sideways(format: str, orientation: int) -> bytes:
    undo = STORED_AS[orientation]
    stored = patches() if undo is None else patches().transpose(Image.Transpose(undo))
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stored, format, exif=exif.tobytes(), quality=95)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_the_header_knows_the_upright_size_that_decoding_gives(format: str, orientation: int) -> None:
    data = sideways(format, orientation)
    photo = read_photo(data, **LIMITS)
    assert read_header(data, 50_000_000).upright_size == photo.size == SIZE
    assert np.abs(np.array(seen(photo)) - np.array(PATCHES)).max() <= 12


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("lost", [0.02, 0.3, 0.7])
def test_a_jpeg_that_lacks_more_than_its_end_is_refused(lost: float, progressive: bool) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8))
    data = encoded(noise, "JPEG", quality=90, progressive=progressive)
    assert read_photo(data[:-2], **LIMITS).size == (128, 96)
    with pytest.raises(UnreadablePhoto) as caught:
        read_photo(data[: int(len(data) * (1 - lost))], **LIMITS)
    assert caught.value.code == "truncated"


CASES = Path(os.environ.get("VISUALSEARCH_CASES", Path(__file__).resolve().parents[3] / "shared" / "cases")) / "photos"
AS_GREY = [(64,) * 3, (192,) * 3, (64,) * 3, (192,) * 3]
IN_PRINT = [(199, 42, 47), (26, 159, 78), (57, 77, 160), (230, 199, 41)]  # the blue has no like among inks
UNLIKE_THE_REST = {"grey16.png": AS_GREY, "rgb8_trns_bg.png": [(255,) * 3] * 4, "cmyk_icc.jpg": IN_PRINT}


@pytest.mark.skipif(not CASES.is_dir(), reason=f"the shared examples are not at {CASES}")
def test_the_shared_examples_look_as_they_should() -> None:
    for path in sorted(CASES.iterdir()):
        photo = read_photo(path, **LIMITS)
        expected = np.array(UNLIKE_THE_REST.get(path.name, PATCHES))
        assert photo.size == (400, 300)
        assert np.abs(np.array(seen(photo)) - expected).max() <= 3, path.name
