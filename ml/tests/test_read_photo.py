"""Any shopper's file becomes the same upright sRGB pixels."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from catalog.benchmarks.pictures import encoded
from ml.images import read_photo
from ml.tests.pictures import LIMITS, RED, scene


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference, in grey levels of 255."""
    return float(np.abs(np.asarray(one, np.float32) - np.asarray(other, np.float32)).mean())


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP"])
def test_every_format_gives_the_same_picture(format: str) -> None:
    photo = read_photo(encoded(scene(), format), **LIMITS)
    assert (photo.mode, photo.size) == ("RGB", (60, 40))
    assert difference(photo, scene()) < 6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_a_photo_taken_sideways_is_turned_upright(format: str, orientation: int) -> None:
    undo = [None, None, 0, 3, 1, 5, 2, 6, 4][orientation]  # what the camera did to the scene: the inverse turn
    stored = scene() if undo is None else scene().transpose(Image.Transpose(undo))
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = read_photo(encoded(stored, format, exif=exif.tobytes()), **LIMITS)
    assert photo.size == (60, 40)
    assert difference(photo, scene()) < 6


def test_a_cmyk_jpeg_as_photoshop_writes_it_keeps_its_colours() -> None:
    data = encoded(scene().convert("CMYK"), "JPEG")
    assert b"Adobe" in data  # inverted inks
    assert difference(read_photo(data, **LIMITS), scene()) < 6


def test_a_transparent_ground_becomes_white() -> None:
    cut_out = scene().convert("RGBA")
    cut_out.paste((0, 0, 0, 0), (0, 0, 30, 40))
    for format in ("PNG", "WEBP", "AVIF", "HEIF"):
        photo = read_photo(encoded(cut_out, format), **LIMITS)
        assert np.asarray(photo)[20, 10].tolist() == pytest.approx([255, 255, 255], abs=6), format


def test_a_palette_with_a_transparent_colour_becomes_white_there() -> None:
    icon = Image.new("P", (20, 20), 0)
    icon.putpalette([0, 0, 0, *RED])
    icon.paste(1, (10, 0, 20, 20))
    for format in ("PNG", "GIF"):
        pixels = np.asarray(read_photo(encoded(icon, format, transparency=0), **LIMITS))
        assert pixels[5, 5].tolist() == [255, 255, 255], format
        assert pixels[5, 15].tolist() == list(RED), format


def test_half_transparent_grey_is_mixed_with_white() -> None:
    grey = Image.new("LA", (20, 20), (0, 128))
    assert np.asarray(read_photo(encoded(grey, "PNG"), **LIMITS))[0, 0].tolist() == [127, 127, 127]


def test_sixteen_bit_grey_keeps_its_shades() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).repeat(8).reshape(256, 8)
    photo = read_photo(encoded(Image.fromarray(ramp), "PNG"), **LIMITS)
    assert np.asarray(photo)[:, 0, 0].tolist() == list(range(256))


def test_black_and_white_pixels_become_black_and_white() -> None:
    fax = Image.new("1", (20, 20), 1)
    fax.paste(0, (0, 0, 10, 20))
    pixels = np.asarray(read_photo(encoded(fax, "PNG"), **LIMITS))
    assert (pixels[5, 5].tolist(), pixels[5, 15].tolist()) == ([0, 0, 0], [255, 255, 255])


def test_an_embedded_colour_profile_is_turned_into_srgb() -> None:
    """Channels swapped by a profile: red and blue primaries exchanged, so what is stored red looks blue."""
    profile = swapped_primaries()
    photo = read_photo(encoded(Image.new("RGB", (20, 20), (250, 0, 0)), "PNG", icc_profile=profile), **LIMITS)
    red, _green, blue = np.asarray(photo)[0, 0].tolist()
    assert blue > 200 > 60 > red


def swapped_primaries() -> bytes:
    """Pillow's sRGB profile with the tags rXYZ and bXYZ exchanged."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    named_otherwise = srgb.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    return named_otherwise.replace(b"rXYZ", b"?XYZ", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"?XYZ", b"bXYZ", 1)


@pytest.mark.parametrize("profile", [b"no profile at all", swapped_primaries()[:300]])
def test_a_broken_colour_profile_is_ignored(profile: bytes) -> None:
    assert difference(read_photo(encoded(scene(), "PNG", icc_profile=profile), **LIMITS), scene()) == 0


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_is_ignored() -> None:
    data = encoded(scene(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert difference(read_photo(data, **LIMITS), scene()) < 6


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_shows_its_first_frame(format: str) -> None:
    frames = [scene(), scene().transpose(Image.Transpose.ROTATE_180)]
    photo = read_photo(encoded(frames[0], format, save_all=True, append_images=frames[1:]), **LIMITS)
    assert difference(photo, frames[0]) < 6


def test_a_multi_picture_jpeg_of_a_phone_shows_its_first_picture() -> None:
    other = scene().transpose(Image.Transpose.ROTATE_180)
    data = encoded(scene(), "MPO", save_all=True, append_images=[other])
    assert difference(read_photo(data, **LIMITS), scene()) < 6


def test_bytes_a_path_and_an_open_file_are_read_alike(tmp_path: Path) -> None:
    data = encoded(scene(), "PNG")
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    for source in (data, path, BytesIO(data)):
        assert difference(read_photo(source, **LIMITS), scene()) == 0


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_large_photo_comes_back_smaller_when_little_is_needed(format: str) -> None:
    photo = read_photo(encoded(scene((1200, 800)), format), **LIMITS, target=100)
    assert 200 <= photo.width <= 400
    assert photo.width / photo.height == pytest.approx(1.5, abs=0.02)


def test_a_long_thin_photo_survives_being_decoded_smaller() -> None:
    assert min(read_photo(encoded(scene((6000, 10)), "JPEG"), **LIMITS, target=100).size) >= 1


def test_nothing_of_the_files_metadata_stays_with_the_pixels() -> None:
    exif = Image.Exif()
    exif[0x010E] = "my living room"
    assert read_photo(encoded(scene(), "JPEG", exif=exif, comment=b"secret"), **LIMITS).info == {}
