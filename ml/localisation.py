"""Saliency of a photo, and similarity maps of two photos. NumPy and Pillow only."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ml.images import WHOLE, Crop, photo_region

Map = NDArray[np.float32]

SIDE = 64  # pixels of the longest side for saliency: shows an item's outline, not its texture
POOLING_POWER = 3.0  # GeM's in ml.network


def saliency(photo: Image.Image) -> Map:
    """Saliency of each region: float32 [h, w] in 0..1, the longest side SIDE.

    Zhang et al. 2015, "Minimum barrier salient object detection at 80 FPS" (MB+): a region is salient if every path
    from it to the border crosses a strong change of colour, and if its colour differs from the border's.
    """
    scale = SIDE / max(photo.size)
    size = (max(8, round(photo.width * scale)), max(8, round(photo.height * scale)))
    small = photo.resize(size, Image.Resampling.BOX, reducing_gap=2.0).filter(ImageFilter.MedianFilter(3))
    colours = np.asarray(small.convert("YCbCr"), np.float32)
    barrier = np.sum([_barrier_distance(colours[..., channel]) for channel in range(3)], axis=0)
    # The square root raises the pale parts of an item relative to its most saturated ones.
    heat = np.sqrt(_normalised(_normalised(barrier) + _normalised(_unlike_border(colours))))
    y, x = np.mgrid[-1 : 1 : size[1] * 1j, -1 : 1 : size[0] * 1j]
    heat = _normalised(heat * np.exp(-(x**2 + y**2) / 2))  # centre prior: shoppers aim at the item
    smooth = Image.fromarray(np.uint8(255 * heat)).filter(ImageFilter.MedianFilter(5))
    return np.asarray(smooth, np.float32) / np.float32(255)


def similarity_maps(query: Map, result: Map, power: float = POOLING_POWER) -> tuple[Map, Map]:
    """The contribution of each region to the cosine of two pooled feature maps: float32 [h, w] for each of the two
    photos.

    query, result: feature maps, float32 [h, w, c], non-negative. Each map sums to the cosine of the pooled vectors. For
    average pooling (`power` 1) this is Stylianou, Souvenir and Pless 2019, "Visualizing deep similarity networks"; for
    generalised-mean pooling a region's share of a channel is its share of the sum of powers. The layers after pooling
    and the colour histogram are not considered.
    """
    pooled_query, share_query = _pooled(query, power)
    pooled_result, share_result = _pooled(result, power)
    agreement = pooled_query * pooled_result
    agreement /= max(float(np.linalg.norm(pooled_query) * np.linalg.norm(pooled_result)), 1e-12)
    return share_query @ agreement, share_result @ agreement


def upright_map(square: Map, photo_size: tuple[int, int], size: tuple[int, int], crop: Crop | None = None) -> Map:
    """Crop a map over `model_input`'s square (float32 [h, w]) to the photo or its `crop`, without the padding: float32
    [height, width].

    photo_size: (width, height) of the whole photo; size: (width, height) of the result.
    """
    region = photo_region(photo_size, 1024, crop)  # in fractions, so nearly the same at any input size
    height, width = square.shape
    box = (
        region.x * width,
        region.y * height,
        (region.x + region.width) * width,
        (region.y + region.height) * height,
    )
    return np.asarray(Image.fromarray(square.astype(np.float32)).resize(size, Image.Resampling.BICUBIC, box=box))


def overlay(photo: Image.Image, heat: Map, crop: Crop | None = None) -> Image.Image:
    """`photo` (or its `crop`), mode RGB, with the regions of a similarity map highlighted and the rest dimmed."""
    part = photo.crop((crop or WHOLE).box(*photo.size))
    light = _normalised(upright_map(heat, photo.size, part.size, crop))
    mask = Image.fromarray(np.uint8(255 * light))
    dimmed = Image.blend(part.convert("L").convert("RGB"), Image.new("RGB", part.size, (20, 24, 40)), 0.55)
    warm = Image.blend(part, Image.new("RGB", part.size, (255, 190, 60)), 0.18)
    return Image.composite(warm, dimmed, mask)


def _pooled(features: Map, power: float) -> tuple[Map, Map]:
    """([c] generalised mean, [h, w, c] the share of each position in it; the shares of a channel sum to 1)."""
    powers = np.maximum(features, 1e-4) ** power
    mean = powers.mean(axis=(0, 1))
    return mean ** (1 / power), powers / (mean * features.shape[0] * features.shape[1])


def _barrier_distance(channel: Map) -> Map:
    """Approximate minimum barrier distance to the border, (highest - lowest value) on the best path: float32 [h, w]."""
    distance = np.full_like(channel, np.inf)
    distance[[0, -1]] = distance[:, [0, -1]] = 0
    state = np.stack([distance, channel, channel])  # the best path's barrier, highest and lowest value
    sweeps = (
        (state, channel),
        (state[:, ::-1], channel[::-1]),
        (state.transpose(0, 2, 1), channel.T),
        (state.transpose(0, 2, 1)[:, ::-1], channel.T[::-1]),
    )
    for _ in range(3):
        for lines, values in sweeps:
            for line in range(1, len(values)):
                high = np.maximum(lines[1, line - 1], values[line])
                low = np.minimum(lines[2, line - 1], values[line])
                candidate = np.stack([high - low, high, low])
                lines[:, line] = np.where(candidate[0] < lines[0, line], candidate, lines[:, line])
    return state[0]


def _unlike_border(colours: Map) -> Map:
    """Mahalanobis distance of each colour from the photo's four borders; the border with the largest distance is
    ignored: [h, w].

    That border may belong to the item, if the photo cuts it off.
    """
    depth = max(1, round(0.1 * min(colours.shape[:2])))
    borders = colours[:depth], colours[-depth:], colours[:, :depth], colours[:, -depth:]
    distances = []
    for border in borders:
        pixels = border.reshape(-1, 3)
        spread = np.linalg.inv(np.cov(pixels.T) + 15 * np.eye(3))
        offset = colours - pixels.mean(axis=0)
        distances.append(_normalised(np.sqrt(np.einsum("hwi,ij,hwj->hw", offset, spread, offset))))
    return np.sum(distances, axis=0) - np.max(distances, axis=0)


def _normalised(heat: Map) -> Map:
    """Scaled to 0..1; a constant map becomes 0."""
    low, high = float(heat.min()), float(heat.max())
    return ((heat - low) / max(high - low, 1e-6)).astype(np.float32)


def otsu(heat: Map) -> float:
    """The threshold that separates two classes best (Otsu 1979), of values in 0..1."""
    counts, edges = np.histogram(heat, 64)
    centres = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1:][np.nan_to_num(between).argmax()])
