"""Detects photos without content: blank, dark, or pure noise. NumPy only."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

GRID = 32  # cells per side: an item on 1 % of the photo still covers ten cells
LEAST_DETAIL = 2.0  # levels of 255, in any channel
NOISE_DETAIL = 12.0  # levels; upper bound for independent noise averaged over cells of 7 x 7 pixels
LEAST_STRUCTURE = 0.6  # share of the deviation left at half the resolution: noise keeps .5, objects about .8


def shows_something(pixels: NDArray[np.uint8]) -> bool:
    """Whether a photo may contain an item. uint8 [s, s, 3], the network's input, s a multiple of GRID.

    Smooth changes of light are not items: the best quadratic surface is subtracted first. On the photos of
    docs/learning.md it is always true; on blank, dark, smoothly lit and noisy pictures it is false.
    """
    cells = _cells(pixels)
    detail = float(_unexplained(cells).std(axis=(0, 1)).max())
    if detail < LEAST_DETAIL or detail > NOISE_DETAIL:
        return detail > NOISE_DETAIL
    half = GRID // 2
    wider = cells.reshape(half, 2, half, 2, 3).mean(axis=(1, 3))
    return float(_unexplained(wider).std(axis=(0, 1)).max()) >= LEAST_STRUCTURE * detail


def _cells(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """float32 [GRID, GRID, 3]: the mean of each cell."""
    step = pixels.shape[0] // GRID
    cut = pixels[: GRID * step, : GRID * step]
    rows = np.add.reduce(cut.reshape(GRID, step, GRID * step * 3), axis=1, dtype=np.uint32)
    return rows.reshape(GRID, GRID, step, 3).sum(axis=2, dtype=np.uint32).astype(np.float32) / step**2


def _unexplained(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """The residual of each channel after subtracting the best quadratic surface: float32 [side, side, 3]."""
    side = len(cells)
    base = _quadratics(side)
    flat = cells.reshape(side * side, 3)
    return (flat - base @ (base.T @ flat)).reshape(cells.shape)


@cache
def _quadratics(side: int) -> NDArray[np.float32]:
    """An orthonormal basis of the quadratic surfaces over side x side cells: float32 [side * side, 6]."""
    y, x = (axis.ravel() for axis in np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j])
    base, _ = np.linalg.qr(np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1))
    return base.astype(np.float32)
