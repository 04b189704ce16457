"""Maps of what stands out, and of what made two photos alike."""

import numpy as np
import pytest
from PIL import Image

from ml.images import Crop, model_input
from ml.localisation import overlay, saliency, similarity_maps, upright_map
from ml.tests.pictures import on_table


def test_the_table_is_dark_in_the_saliency_of_an_item() -> None:
    heat = saliency(on_table((100, 60, 220, 180)))
    assert (heat.shape, heat.dtype) == ((48, 64), np.float32)
    assert heat[24, 32] > 0.7 > 0.3 > heat[3, 3]


@pytest.mark.parametrize("power", [1.0, 3.0])
def test_the_regions_parts_add_up_to_the_likeness_of_the_pooled_vectors(power: float) -> None:
    random = np.random.default_rng(0)
    query, result = (random.random((5, 4, 8)).astype(np.float32) for _ in range(2))
    one, other = ((features**power).mean(axis=(0, 1)) ** (1 / power) for features in (query, result))
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    for heat in similarity_maps(query, result, power):
        assert heat.shape == (5, 4)
        assert heat.sum() == pytest.approx(cosine, rel=1e-3)


def test_average_pooling_gives_the_dot_products_of_stylianou() -> None:
    random = np.random.default_rng(1)
    query, result = (random.random((3, 3, 8)).astype(np.float32) for _ in range(2))
    heat, _ = similarity_maps(query, result, power=1)
    dots = query @ result.mean(axis=(0, 1))
    assert heat / heat.sum() == pytest.approx(dots / dots.sum(), rel=1e-3)


def test_what_both_photos_show_is_lit_in_both() -> None:
    query, result = np.full((4, 4, 3), 0.01, np.float32), np.full((4, 4, 3), 0.01, np.float32)
    query[0, 1, 0] = result[3, 2, 0] = 1  # the logo
    query[2, 2, 1] = result[1, 0, 2] = 1  # what only one of them has
    one, other = similarity_maps(query, result)
    assert np.unravel_index(one.argmax(), one.shape) == (0, 1)
    assert np.unravel_index(other.argmax(), other.shape) == (3, 2)


def test_a_map_of_the_padded_square_is_laid_back_on_the_photo() -> None:
    """The item's place in the square, found by colour, comes back as its place in the photo."""
    photo = on_table((240, 150, 310, 230))
    square = model_input(photo, 60).astype(np.float32)
    redness = square[..., 0] - square[..., 1] > 80
    laid_back = upright_map(redness.astype(np.float32), photo.size, photo.size)
    y, x = (np.mean(places) for places in np.nonzero(laid_back > 0.5))
    assert (x, y) == (pytest.approx(275, abs=6), pytest.approx(190, abs=6))


def test_a_map_of_a_crop_is_laid_back_on_the_crop() -> None:
    photo, crop = on_table((240, 150, 310, 230)), Crop(0.5, 0.5, 0.5, 0.5)
    square = model_input(photo, 60, crop).astype(np.float32)
    redness = square[..., 0] - square[..., 1] > 80
    laid_back = upright_map(redness.astype(np.float32), photo.size, (160, 120), crop)
    y, x = (np.mean(places) for places in np.nonzero(laid_back > 0.5))
    assert (x, y) == (pytest.approx(115, abs=4), pytest.approx(70, abs=4))


def test_the_overlay_lights_the_region_and_dims_the_rest() -> None:
    heat = np.zeros((6, 6), np.float32)
    heat[2:4, 4:] = 1
    photo = Image.new("RGB", (120, 120), (120, 120, 120))
    lit = np.asarray(overlay(photo, heat)).astype(int).sum(axis=2)
    assert lit.shape == (120, 120)
    assert lit[60, 110] > 360 > lit[60, 20]


def test_the_overlay_of_a_crop_shows_the_crop() -> None:
    assert overlay(on_table(), np.eye(3, dtype=np.float32), Crop(0, 0, 0.5, 0.5)).size == (160, 120)
