"""Training photos made to look like shoppers'."""

import numpy as np
import pytest
from keras import ops

from ml.data.augmentation import augment, draw


def still(n: int, **changes: np.ndarray) -> dict[str, np.ndarray]:
    """Dice that change nothing, but for `changes`."""
    dice = {name: np.zeros_like(values) for name, values in draw(np.random.default_rng(0), n).items()}
    dice["homography"] += np.eye(3, dtype=np.float32)
    dice["colour"] += np.eye(3, dtype=np.float32)
    dice["gamma"] += 1
    return dice | changes


def photos(n: int = 2, size: int = 32) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


def applied(pixels: np.ndarray, dice: dict[str, np.ndarray], size: int = 32) -> np.ndarray:
    return ops.convert_to_numpy(augment(pixels, dice, size))


def test_dice_that_change_nothing_leave_the_photo_as_it_is() -> None:
    assert np.abs(applied(photos(), still(2)).astype(int) - photos()).max() <= 1


def test_a_flip_mirrors_the_photo() -> None:
    flip = np.diag([-1, 1, 1]).astype(np.float32)[None].repeat(2, 0)
    assert np.abs(applied(photos(), still(2, homography=flip)).astype(int) - photos()[:, :, ::-1]).max() <= 1


def test_photos_come_out_in_the_networks_size() -> None:
    out = applied(photos(3, 48), draw(np.random.default_rng(0), 3), 32)
    assert out.shape == (3, 32, 32, 3) and out.dtype == np.uint8


def test_the_same_seed_makes_the_same_photos_and_another_seed_others() -> None:
    first, again, other = (applied(photos(), draw(np.random.default_rng(seed), 2)) for seed in (3, 3, 4))
    assert (first == again).all() and (first != other).any()


def test_the_cover_hides_its_box_and_nothing_else() -> None:
    box = np.array([[0.25, 0.5, 0.75, 1.0]] * 2, np.float32)
    out = applied(photos(), still(2, cover=box, cover_colour=np.ones((2, 3), np.float32)))
    assert (out[:, 16:, 8:24] == 255).all()
    assert np.abs(out[:, :16].astype(int) - photos()[:, :16]).max() <= 1


def test_only_a_plain_ground_is_replaced_by_another_photo() -> None:
    shop, (street,) = np.full((32, 32, 3), 240, np.uint8), photos(1)
    shop[8:24, 8:24] = (200, 0, 0)
    dice = still(2, background=np.ones(2, np.float32), other=np.array([1, 0], np.int32))
    out = applied(np.stack([shop, street]), dice)
    assert np.abs(out[0, :8].astype(int) - street[:8]).max() <= 1 and (out[0, 16, 16] == (200, 0, 0)).all()
    assert np.abs(out[1].astype(int) - street).max() <= 1


@pytest.mark.parametrize("effect", ["blur", "jpeg"])
def test_blur_and_jpeg_take_away_fine_detail_and_keep_the_colour(effect: str) -> None:
    faint = (128 + (photos().astype(int) - 128) // 32).astype(np.uint8)
    strength = {"blur": 1.0, "jpeg": 0.1}[effect]
    out = applied(faint, still(2, **{effect: np.full(2, strength, np.float32)}))
    assert out.std() < 0.6 * faint.std()
    assert out.mean() == pytest.approx(faint.mean(), abs=1)
