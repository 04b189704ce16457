"""Colours of any photo as sRGB: by its ICC profile, the codes of ITU-T H.273 (nclx, cICP), or gamma and primaries."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from catalog.photos.headers import SRGB_CHROMATICITIES, Colours

Conversion = Callable[[Any], Image.Image]  # of a picture; by numbers also of uint16 [height, width, 3]

# ITU-T H.273 (2024), table 2: white, red, green, blue.
PRIMARIES = {
    1: SRGB_CHROMATICITIES,
    4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (0.3127, 0.3290, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    8: (0.310, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    22: (0.3127, 0.3290, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
# Table 3. The curves of television (1, 6, 11, 14, 15) stand for a display's, and sRGB is close to that.
SRGB_CURVES = (1, 2, 6, 7, 11, 12, 13, 14, 15)
GAMMA_22, GAMMA_28, LINEAR, PQ, HLG = 4, 5, 8, 16, 18

PAPER_WHITE = 203.0  # cd/m2 (ITU-R BT.2408): what is as bright as white paper becomes 255, highlights beyond it too


def conversion(colours: Colours, mode: str) -> Conversion | None:
    """What turns a picture of `mode` (L, RGB or CMYK) with these colours into sRGB (mode RGB); None if it is sRGB.

    A profile that is broken or belongs to another kind of picture (a grey one on RGB) is ignored.
    """
    if colours.profile is not None:
        return _by_profile(colours.profile, mode)
    if mode == "CMYK":
        return None
    primaries = colours.primaries
    if isinstance(primaries, int):
        primaries = PRIMARIES.get(primaries, SRGB_CHROMATICITIES)
    if primaries == SRGB_CHROMATICITIES and colours.gamma is None and colours.transfer in SRGB_CURVES:
        return None
    return _by_numbers(primaries, colours.transfer, colours.gamma)


@lru_cache(maxsize=8)
def _by_profile(profile: bytes, mode: str) -> Conversion | None:
    """With the perceptual intent, for the colours of print that sRGB lacks; for RGB and grey it makes no difference."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        space = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}[source.profile.xcolor_space.strip()]
        if space != mode and (space, mode) != ("RGB", "L"):
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            space,
            "RGB",
            ImageCms.Intent.PERCEPTUAL,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, KeyError, OSError, TypeError, ValueError):
        return None

    def convert(picture: Image.Image) -> Image.Image:
        converted = ImageCms.applyTransform(picture if picture.mode == space else picture.convert(space), transform)
        assert converted is not None
        return converted

    if mode != "CMYK" and _changes_nothing(convert, mode):
        return None
    return convert


def _changes_nothing(convert: Conversion, mode: str) -> bool:
    """Whether a grid of colours stays as it is: sRGB by whatever name, which spares every photo of most cameras."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
    probe = Image.fromarray(grid if mode == "RGB" else np.ascontiguousarray(grid[..., 0]))
    before, after = np.asarray(probe.convert("RGB"), np.int16), np.asarray(convert(probe), np.int16)
    return int(np.abs(before - after).max()) <= 2


@lru_cache(maxsize=8)
def _by_numbers(primaries: tuple[float, ...], transfer: int, gamma: float | None) -> Conversion | None:
    matrix = _between(primaries, SRGB_CHROMATICITIES)
    if matrix is None:
        return None
    light_of = {depth: _light(np.linspace(0, 1, 1 << depth), transfer, gamma).astype(np.float32) for depth in (8, 16)}

    def convert(picture: Image.Image | NDArray[np.uint16]) -> Image.Image:
        samples = np.asarray(picture.convert("RGB") if isinstance(picture, Image.Image) else picture)
        light = light_of[8 if samples.dtype == np.uint8 else 16][samples]
        if transfer == HLG and gamma is None:  # opto-optical transfer at 1,000 cd/m2 (ITU-R BT.2100, table 5)
            luminance = light @ np.array([0.2627, 0.6780, 0.0593], np.float32)
            light = light * (np.maximum(luminance, 1e-6)[..., None] ** 0.2) * (1000 / PAPER_WHITE)
        return Image.fromarray(_encoded(light @ matrix.T))

    return convert


def _light(signal: NDArray[np.float64], transfer: int, gamma: float | None) -> NDArray[np.float64]:
    """Samples from 0 to 1 as light, 1 being white."""
    if gamma is not None:
        return signal**gamma
    if transfer == GAMMA_22:
        return signal**2.2
    if transfer == GAMMA_28:
        return signal**2.8
    if transfer == LINEAR:
        return signal
    if transfer == PQ:  # SMPTE ST 2084
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        root = signal ** (1 / m2)
        return 10_000 / PAPER_WHITE * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    if transfer == HLG:  # ITU-R BT.2100: scene light, see the caller
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


def _encoded(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    """sRGB samples (IEC 61966-2-1); what lies outside is cut."""
    light = light.clip(0, 1)
    signal = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (signal * 255 + 0.5).astype(np.uint8)


def _between(source: tuple[float, ...], target: tuple[float, ...]) -> NDArray[np.float32] | None:
    """float32 [3, 3] from linear `source` RGB to linear `target` RGB, whites alike (Bradford)."""
    try:
        to_xyz, from_xyz = _to_xyz(source), np.linalg.inv(_to_xyz(target))
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return None
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    cones = (bradford @ _white(target)) / (bradford @ _white(source))
    matrix = from_xyz @ np.linalg.inv(bradford) @ np.diag(cones) @ bradford @ to_xyz
    return matrix.astype(np.float32) if np.isfinite(matrix).all() else None


def _white(chromaticities: tuple[float, ...]) -> NDArray[np.float64]:
    x, y = chromaticities[:2]
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _to_xyz(chromaticities: tuple[float, ...]) -> NDArray[np.float64]:
    columns = [(x / y, 1.0, (1 - x - y) / y) for x, y in zip(chromaticities[2::2], chromaticities[3::2], strict=True)]
    primaries = np.array(columns).T
    return primaries * np.linalg.solve(primaries, _white(chromaticities))
