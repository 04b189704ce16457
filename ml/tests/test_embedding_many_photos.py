"""A catalogue's photos are decoded while the network works, and come back in order."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from PIL import Image

from catalog.benchmarks.pictures import encoded
from ml.embedder import Embedder
from ml.images import UnreadablePhoto, model_input, read_photo
from ml.tests.pictures import LIMITS
from ml.tests.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return Embedder(write_tiny_model(tmp_path_factory.mktemp("model")))


def shades(count: int) -> list[bytes]:
    return [encoded(Image.new("RGB", (40, 30), (index * 7, 255 - index * 7, 90)), "PNG") for index in range(count)]


def test_vectors_come_in_the_order_of_the_photos(embedder: Embedder) -> None:
    photos = shades(11)
    found = list(embedder.embed_photos(photos, batch=4, **LIMITS))
    assert [index for index, _ in found] == list(range(11))
    for (_, vector), photo in zip(found, photos, strict=True):
        alone = embedder.embed(model_input(read_photo(photo, **LIMITS), 32)[None])[0]
        assert vector == pytest.approx(alone, abs=1e-5)


def test_a_photo_that_cannot_be_read_holds_nobody_up(embedder: Embedder, tmp_path: Path) -> None:
    photos: list[bytes | Path | BinaryIO] = [b"no photo", *shades(2), tmp_path / "gone.jpg", b"", *shades(1)]
    found = [value for _, value in embedder.embed_photos(photos, batch=2, **LIMITS)]
    assert [value.code if isinstance(value, UnreadablePhoto) else value.shape for value in found] == [
        "not_an_image",
        (256,),
        (256,),
        "missing",
        "empty",
        (256,),
    ]


def test_a_batch_without_one_readable_photo_passes(embedder: Embedder) -> None:
    assert [
        getattr(value, "code", None) for _, value in embedder.embed_photos([b"a", b"b", b""], batch=2, **LIMITS)
    ] == [
        "not_an_image",
        "not_an_image",
        "empty",
    ]


def test_no_photos_give_nothing(embedder: Embedder) -> None:
    assert list(embedder.embed_photos([], **LIMITS)) == []


def test_a_whole_catalogue_is_never_held_at_once(embedder: Embedder) -> None:
    taken = 0

    def catalogue() -> Iterator[bytes]:
        nonlocal taken
        for photo in shades(30):
            taken += 1
            yield photo

    next(embedder.embed_photos(catalogue(), batch=3, **LIMITS))
    assert taken <= 9


def test_an_error_of_the_storage_is_not_taken_for_a_bad_photo(embedder: Embedder) -> None:
    class Offline(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionError("storage is away")

    with pytest.raises(ConnectionError):
        list(embedder.embed_photos([*shades(1), Offline()], **LIMITS))


def test_the_vectors_are_unit_length(embedder: Embedder) -> None:
    vectors = np.array([vector for _, vector in embedder.embed_photos(shades(5), **LIMITS)])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
