"""Augments training photos to resemble shoppers' photos: crop, rotation, perspective, light, colour, blur, JPEG,
occlusion, background.

Two steps, so that the accelerator does the work and a seed determines the result on every backend: `draw` samples the
parameters in NumPy, a few numbers per photo; `augment` applies them to a batch with keras.ops.
"""

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

Draw = dict[str, NDArray]


def draw(rng: np.random.Generator, n: int, strength: float = 1.0) -> Draw:
    """Random parameters for `n` photos: arrays with n rows. strength: from 0 (almost no change) to 1 (photos taken in a
    shop).
    """
    return {
        "homography": _homographies(rng, n, strength),
        "colour": _colour_matrices(rng, n, strength),
        "offset": rng.normal(0, 0.06 * strength, (n, 1)).astype(np.float32) + np.zeros((1, 3), np.float32),
        "gamma": np.exp(rng.normal(0, 0.2 * strength, n)).astype(np.float32),
        "blur": np.where(rng.random(n) < 0.3 * strength, rng.uniform(0.2, 1, n), 0).astype(np.float32),
        "jpeg": np.where(rng.random(n) < 0.25 * strength, rng.uniform(0.02, 0.12, n), 0).astype(np.float32),
        "cover": _boxes(rng, n, 0.4 * strength),
        "cover_colour": rng.random((n, 3)).astype(np.float32),
        "background": (rng.random(n) < 0.8 * strength).astype(np.float32),
        "other": rng.permutation(n).astype(np.int32),
    }


def augment(pixels: Any, dice: dict[str, Any], size: int) -> Any:
    """uint8 [n, s, s, 3] and the parameters of `draw` for them -> uint8 [n, size, size, 3]."""
    photos = ops.cast(pixels, "float32") / 255
    photos = _warp(photos, dice["homography"], size)
    photos = _on_other_background(photos, ops.take(photos, dice["other"], axis=0), dice["background"])
    photos = ops.power(ops.clip(photos, 1e-3, 1), dice["gamma"][:, None, None, None])
    photos = ops.matmul(photos, dice["colour"][:, None]) + dice["offset"][:, None, None]
    photos = _blur(photos, dice["blur"])
    photos = _jpeg(ops.clip(photos, 0, 1), dice["jpeg"])
    photos = _cover(photos, dice["cover"], dice["cover_colour"])
    return ops.cast(ops.round(ops.clip(photos, 0, 1) * 255), "uint8")


def _homographies(rng: np.random.Generator, n: int, strength: float) -> NDArray:
    """float32 [n, 3, 3]: from output coordinates in -1..1 to input coordinates."""
    area = rng.uniform(1 - 0.75 * strength, 1 + 0.4 * strength, n)  # of the photo; above 1 the photo is shrunk
    aspect = np.exp(rng.uniform(-0.29, 0.29, n) * strength)
    width, height = np.minimum(np.sqrt(area * aspect), 1.3), np.minimum(np.sqrt(area / aspect), 1.3)
    slack_x, slack_y = np.abs(1 - width), np.abs(1 - height)
    flip = np.where(rng.random(n) < 0.5, -1, 1)
    angle = rng.normal(0, 0.2 * strength, n)
    matrices = np.zeros((n, 3, 3))
    matrices[:, 0, 0], matrices[:, 0, 1] = width * np.cos(angle) * flip, -height * np.sin(angle)
    matrices[:, 1, 0], matrices[:, 1, 1] = width * np.sin(angle) * flip, height * np.cos(angle)
    matrices[:, 0, 2], matrices[:, 1, 2] = rng.uniform(-slack_x, slack_x), rng.uniform(-slack_y, slack_y)
    matrices[:, 2, :2] = rng.normal(0, 0.08 * strength, (n, 2))
    matrices[:, 2, 2] = 1
    return matrices.astype(np.float32)


def _colour_matrices(rng: np.random.Generator, n: int, strength: float) -> NDArray:
    """float32 [n, 3, 3]: brightness, white balance and saturation in one matrix, to be applied to pixels as rows."""
    saturation = np.exp(rng.normal(0, 0.25 * strength, (n, 1, 1)))
    grey = np.full((3, 3), 1 / 3)
    gain = np.exp(rng.normal(0, 0.2 * strength, (n, 1)) + rng.normal(0, 0.06 * strength, (n, 3)))
    return ((grey + saturation * (np.eye(3) - grey)) * gain[:, None, :]).astype(np.float32)


def _boxes(rng: np.random.Generator, n: int, probability: float) -> NDArray:
    """float32 [n, 4]: left, top, right, bottom in 0..1 of a random occlusion (Zhong 2020); empty for photos without
    one.
    """
    area = rng.uniform(0.03, 0.25, n) * (rng.random(n) < probability)
    aspect = np.exp(rng.uniform(-1, 1, n))
    width, height = np.sqrt(area * aspect), np.sqrt(area / aspect)
    left, top = rng.uniform(0, 1 - np.minimum(width, 1)), rng.uniform(0, 1 - np.minimum(height, 1))
    return np.stack([left, top, left + width, top + height], 1).astype(np.float32)


def _warp(photos: Any, homography: Any, size: int) -> Any:
    """Bilinear samples of float [n, s, s, 3] at the places given by the homographies; outside, the
    photo is mirrored.
    """
    n, side = ops.shape(photos)[0], photos.shape[1]
    steps = (np.arange(size, dtype=np.float32) + 0.5) * 2 / size - 1
    grid = np.stack([*np.meshgrid(steps, steps), np.ones((size, size), np.float32)], -1).reshape(-1, 3)
    seen = ops.matmul(ops.convert_to_tensor(grid), ops.transpose(homography, (0, 2, 1)))
    x, y = seen[..., 0] / seen[..., 2], seen[..., 1] / seen[..., 2]
    x, y = ((_mirrored(axis) + 1) * side / 2 - 0.5 for axis in (x, y))
    left, top = (ops.clip(ops.floor(axis), 0, side - 2) for axis in (x, y))
    right_share, lower_share = ops.clip(x - left, 0, 1)[..., None], ops.clip(y - top, 0, 1)[..., None]
    base = ops.arange(n, dtype="int32")[:, None] * (side * side)
    first = base + ops.cast(top, "int32") * side + ops.cast(left, "int32")
    flat = ops.reshape(photos, (-1, 3))
    upper_left, upper_right, lower_left, lower_right = (
        ops.take(flat, first + step, axis=0) for step in (0, 1, side, side + 1)
    )
    upper = upper_left + (upper_right - upper_left) * right_share
    lower = lower_left + (lower_right - lower_left) * right_share
    return ops.reshape(upper + (lower - upper) * lower_share, (-1, size, size, 3))


def _mirrored(axis: Any) -> Any:
    """Coordinates outside -1..1 reflected into it."""
    turned = (axis + 1) / 4
    return 1 - 2 * ops.abs(1 - 2 * (turned - ops.floor(turned)))


def _on_other_background(photos: Any, others: Any, chosen: Any) -> Any:
    """Replaces the plain background of chosen shop pictures, recognised by a border of one colour,
    with another photo.
    """
    rows = ops.concatenate([photos[:, :2], photos[:, -2:]], axis=1)
    columns = ops.transpose(ops.concatenate([photos[:, :, :2], photos[:, :, -2:]], axis=2), (0, 2, 1, 3))
    edge = ops.concatenate([rows, columns], axis=1)
    ground = ops.mean(edge, (1, 2), keepdims=True)
    plain = ops.cast(ops.mean(ops.abs(edge - ground), (1, 2, 3)) < 0.07, "float32")
    difference = ops.max(ops.abs(photos - ground), -1, keepdims=True)
    share = ops.clip((0.15 - difference) * 20, 0, 1) * (plain * chosen)[:, None, None, None]
    return photos + (others - photos) * share


def _blur(photos: Any, amount: Any) -> Any:
    """A blend of photos with their [1 4 6 4 1] / 16 smoothing; amount: float [n] in 0..1."""
    smooth = photos
    for axis in (1, 2):
        pad = [[0, 0]] * 4
        pad[axis] = [2, 2]
        wide = ops.pad(smooth, pad, mode="reflect")
        length = photos.shape[axis]
        shifted = [wide[:, i : i + length] if axis == 1 else wide[:, :, i : i + length] for i in range(5)]
        smooth = (shifted[0] + shifted[4] + 4 * (shifted[1] + shifted[3]) + 6 * shifted[2]) / 16
    return photos + (smooth - photos) * amount[:, None, None, None]


def _jpeg(photos: Any, step: Any) -> Any:
    """JPEG artefacts: 8 x 8 DCT blocks quantised by `step`, more coarsely at high frequencies; step: float [n], 0 for
    none.
    """
    size = photos.shape[1]
    k = np.arange(8)
    basis = np.cos((2 * k[None] + 1) * k[:, None] * np.pi / 16) * np.where(k[:, None] == 0, np.sqrt(1 / 8), 0.5)
    basis = ops.convert_to_tensor(basis.astype(np.float32))
    coarser = ops.convert_to_tensor((1 + k[:, None] + k[None]).astype(np.float32) / 4)
    blocks = ops.transpose(ops.reshape(photos, (-1, size // 8, 8, size // 8, 8, 3)), (0, 1, 3, 5, 2, 4))
    waves = ops.matmul(ops.matmul(basis, blocks), ops.transpose(basis))
    steps = ops.maximum(step, 1e-4)[:, None, None, None, None, None] * coarser
    waves = ops.round(waves / steps) * steps
    blocks = ops.matmul(ops.matmul(ops.transpose(basis), waves), basis)
    rounded = ops.reshape(ops.transpose(blocks, (0, 1, 4, 2, 5, 3)), (-1, size, size, 3))
    return ops.where((step > 0)[:, None, None, None], rounded, photos)


def _cover(photos: Any, boxes: Any, colours: Any) -> Any:
    steps = ops.convert_to_tensor((np.arange(photos.shape[1], dtype=np.float32) + 0.5) / photos.shape[1])
    inside_x = ops.logical_and(steps >= boxes[:, 0:1], steps < boxes[:, 2:3])
    inside_y = ops.logical_and(steps >= boxes[:, 1:2], steps < boxes[:, 3:4])
    inside = ops.logical_and(inside_y[:, :, None], inside_x[:, None, :])[..., None]
    return ops.where(inside, colours[:, None, None], photos)
