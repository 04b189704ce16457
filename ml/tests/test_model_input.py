"""The one resize of training and serving."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from catalog.benchmarks.pictures import encoded
from ml.images import Crop, UnreadablePhoto, model_input, photo_region, read_photo, shrink_photo
from ml.tests.pictures import BLUE, LIMITS, RED, scene


def test_a_wide_photo_keeps_its_proportions_on_white() -> None:
    pixels = model_input(scene((90, 30)), 60)
    assert (pixels.shape, pixels.dtype) == ((60, 60, 3), np.uint8)
    assert (pixels[:20] == 255).all() and (pixels[40:] == 255).all()
    assert pixels[30, 5].tolist() == list(RED)


def test_a_tall_photo_keeps_its_proportions_on_white() -> None:
    pixels = model_input(scene((30, 90)), 60)
    assert (pixels[:, :20] == 255).all() and (pixels[:, 40:] == 255).all()
    assert (pixels[:, 20:40] != 255).any(axis=2).all()


def test_a_crop_shows_that_part_alone() -> None:
    pixels = model_input(scene((100, 100)), 32, Crop(0.5, 0.5, 0.5, 0.5))
    assert (pixels[2:, 2:] == BLUE).all()  # the filter mixes the neighbours into the first rows and columns


def test_a_small_photo_is_enlarged() -> None:
    assert model_input(scene((10, 10)), 64)[60, 60].tolist() == pytest.approx(list(BLUE), abs=1)


def test_the_line_one_pixel_wide_is_still_an_input() -> None:
    assert (model_input(Image.new("RGB", (1000, 1), RED), 32) == RED).all(axis=2).sum() == 32


def test_a_crop_of_less_than_a_pixel_is_refused() -> None:
    with pytest.raises(UnreadablePhoto):
        model_input(scene((100, 100)), 32, Crop(0.5, 0.5, 0.001, 0.5))


def test_fine_patterns_turn_grey_rather_than_into_false_stripes() -> None:
    checks = Image.fromarray((np.indices((1024, 1024)).sum(axis=0) % 2 * 255).astype(np.uint8)).convert("RGB")
    assert np.abs(model_input(checks, 224).astype(int) - 127).max() <= 3


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_photo_decoded_smaller_gives_nearly_the_same_input(format: str) -> None:
    """Decoding at a fraction of the size, which serving does, may not change what the network sees."""
    x, y = np.meshgrid(np.linspace(0, 30, 1600), np.linspace(0, 20, 1200))
    waves = np.stack([np.sin(x * y / 20), np.sin(x + y), np.cos(3 * x)], axis=-1)
    data = encoded(Image.fromarray((127 + 120 * waves).astype(np.uint8)), format, quality=95)
    whole = model_input(read_photo(data, **LIMITS), 224).astype(int)
    drafted = model_input(read_photo(data, **LIMITS, target=224), 224).astype(int)
    assert np.abs(whole - drafted).mean() < 1


def test_the_photos_region_in_the_square_leaves_out_the_padding() -> None:
    assert photo_region((90, 30), 60) == Crop(0, 20 / 60, 1, 20 / 60)
    assert photo_region((90, 30), 60, Crop(0, 0, 1 / 3, 1)) == Crop(0, 0, 1, 1)


def test_a_thumbnail_is_small_and_says_nothing_about_its_maker() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera Co"
    photo = Image.open(BytesIO(encoded(scene((900, 600)), "JPEG", exif=exif)))
    small = Image.open(BytesIO(shrink_photo(photo, 90, quality=70)))
    assert (small.format, small.size) == ("JPEG", (90, 60))
    assert not small.getexif() and "comment" not in small.info


def test_a_thumbnail_is_never_larger_than_the_photo() -> None:
    assert Image.open(BytesIO(shrink_photo(scene((30, 20)), 90))).size == (30, 20)
