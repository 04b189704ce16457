import numpy as np
import pytest
from django.conf import settings
from PIL import Image

from ml.data.datasets import read_photos
from ml.evaluation.baseline import colour_histogram
from ml.evaluation.recall import evaluate, with_colours

GROCERY = settings.BASE_DIR.parent / "shared" / "data" / "grocery" / "photos"


def test_half_red_half_blue_fills_two_bins_alike() -> None:
    photo = Image.new("RGB", (224, 224), (255, 0, 0))
    photo.paste((0, 0, 255), (0, 0, 112, 224))
    histogram = colour_histogram(photo)
    # 6 x 6 x 6 bins, red first: pure red is 5 * 36, pure blue 5; each holds half, and sqrt(.5) = .707.
    # The seam is one column of 112 that mixes at most.
    assert histogram[[180, 5]] == pytest.approx([0.5**0.5] * 2, abs=0.01)
    assert np.linalg.norm(histogram) == pytest.approx(1, abs=1e-6)


def test_a_grey_between_two_bins_belongs_to_the_upper() -> None:
    # 256 / 6 = 42.67: 42 is the last value of the first bin.
    assert colour_histogram(Image.new("RGB", (9, 9), (42, 42, 42))).argmax() == 0
    assert colour_histogram(Image.new("RGB", (9, 9), (43, 43, 43))).argmax() == 36 + 6 + 1


@pytest.mark.skipif(not GROCERY.exists(), reason="the grocery photos are not here")
def test_the_baseline_on_the_grocery_photos_is_the_known_one() -> None:
    found = evaluate(
        "colours",
        with_colours,
        read_photos(GROCERY / "test"),
        read_photos(GROCERY / "train") + read_photos(GROCERY / "val"),
    )
    recall = [found.recalls[k].value for k in (1, 5, 10)]
    assert recall == pytest.approx([0.434, 0.641, 0.741], abs=0.005)
