"""What stands out in a photo, and which regions made two photos alike. NumPy and Pillow only."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ml.images import WHOLE, Crop, photo_region

Map = NDArray[np.float32]

SIDE = 64  # pixels of the longest side on which saliency is computed: an item's outline, not its texture
POOLING_POWER = 3.0  # GeM's in ml.network


def saliency(photo: Image.Image) -> Map:
    """How much each region stands out: float32 [h, w] in 0..1, the longest side SIDE.

    Zhang et al. 2015, "Minimum barrier salient object detection at 80 FPS" (MB+): a region stands out when every path
    from it to the border crosses a strong change of colour, and when its colour is none of the border's.
    """
    scale = SIDE / max(photo.size)
    size = (max(8, round(photo.width * scale)), max(8, round(photo.height * scale)))
    small = photo.resize(size, Image.Resampling.BOX, reducing_gap=2.0).filter(ImageFilter.MedianFilter(3))
    colours = np.asarray(small.convert("YCbCr"), np.float32)
    barrier = np.sum([_barrier_distance(colours[..., channel]) for channel in range(3)], axis=0)
    # The root lets the pale part of an item count beside its loudest label.
    heat = np.sqrt(_normalised(_normalised(barrier) + _normalised(_unlike_border(colours))))
    y, x = np.mgrid[-1 : 1 : size[1] * 1j, -1 : 1 : size[0] * 1j]
    heat = _normalised(heat * np.exp(-(x**2 + y**2) / 2))  # shoppers aim
    smooth = Image.fromarray(np.uint8(255 * heat)).filter(ImageFilter.MedianFilter(5))
    return np.asarray(smooth, np.float32) / np.float32(255)


def similarity_maps(query: Map, result: Map, power: float = POOLING_POWER) -> tuple[Map, Map]:
    """What each region of the one photo adds to its likeness to the other: float32 [h, w] each, of the same sum.

    query, result: feature maps, float32 [h, w, c], non-negative. Each map sums to the cosine of the two pooled vectors:
    an exact sharing-out for average pooling (`power` 1), where it is Stylianou, Souvenir and Pless 2019, "Visualizing
    deep similarity networks", and likewise for generalised-mean pooling, where a region's share of a channel is its
    share of the powers' sum. The layers after pooling, and colour, are left out.
    """
    pooled_query, share_query = _pooled(query, power)
    pooled_result, share_result = _pooled(result, power)
    agreement = pooled_query * pooled_result
    agreement /= max(float(np.linalg.norm(pooled_query) * np.linalg.norm(pooled_result)), 1e-12)
    return share_query @ agreement, share_result @ agreement


def upright_map(square: Map, photo_size: tuple[int, int], size: tuple[int, int], crop: Crop | None = None) -> Map:
    """A map over `model_input`'s square (float32 [h, w]) as one over the photo or its `crop`: float32 [height, width].

    photo_size: (width, height) of the whole photo; size: (width, height) wanted. The padding is cut off.
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
    """`photo` (or its `crop`), mode RGB, with the regions of a similarity map lit and the rest dimmed."""
    part = photo.crop((crop or WHOLE).box(*photo.size))
    light = _normalised(upright_map(heat, photo.size, part.size, crop))
    mask = Image.fromarray(np.uint8(255 * light))
    dimmed = Image.blend(part.convert("L").convert("RGB"), Image.new("RGB", part.size, (20, 24, 40)), 0.55)
    warm = Image.blend(part, Image.new("RGB", part.size, (255, 190, 60)), 0.18)
    return Image.composite(warm, dimmed, mask)


def _pooled(features: Map, power: float) -> tuple[Map, Map]:
    """([c] generalised mean, [h, w, c] each place's share of it; the shares of a channel sum to 1)."""
    powers = np.maximum(features, 1e-4) ** power
    mean = powers.mean(axis=(0, 1))
    return mean ** (1 / power), powers / (mean * features.shape[0] * features.shape[1])


def _barrier_distance(channel: Map) -> Map:
    """The least (highest - lowest value) over all paths from each pixel to the border, nearly: float32 [h, w]."""
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
    """Mahalanobis distance of each colour from the photo's four borders, the worst matching one left out: [h, w].

    One border may be the item's own, where it is cut off by the photo's edge.
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
    """Stretched to 0..1; a map without differences becomes 0."""
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
