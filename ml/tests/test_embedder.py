"""Pixels to unit vectors through ONNX Runtime, and the checks that the network is the one its card describes."""

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from PIL import Image, ImageDraw

from ml.embedder import Embedder, ModelMismatch, load_embedder
from ml.images import model_input
from ml.tests.tiny_model import CHANNELS, write_tiny_model

# conftest.py has the tests serve with a tiny model
BUNDLED = [settings.BASE_DIR / "ml" / "artifacts" / name for name in ("efficientnetlite2", "resnet50")]


COLOURS = ("crimson", "navy", "gold", "seagreen", "orchid", "sienna", "teal", "black")


def _drawn(sides: int, colour: str) -> Image.Image:
    """A thing on grey."""
    picture = Image.new("RGB", (240, 200), "gainsboro")
    ImageDraw.Draw(picture).regular_polygon((120, 100, 80), sides, 12, colour)
    return picture


def pixels(n: int, size: int = 32) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, size, size, 3), np.uint8)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model"))


def test_every_photo_becomes_a_unit_vector(tiny: Path) -> None:
    vectors = Embedder(tiny).embed(pixels(5))
    assert (vectors.shape, vectors.dtype) == ((5, 256), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_photos_vector_does_not_depend_on_its_batch(tiny: Path) -> None:
    embedder, photos = Embedder(tiny), pixels(7)
    one_by_one = np.concatenate([embedder.embed(photos[i : i + 1]) for i in range(7)])
    assert embedder.embed(photos) == pytest.approx(one_by_one, abs=1e-5)


def test_the_feature_map_comes_when_asked_with_the_same_vectors(tiny: Path) -> None:
    embedder, photos = Embedder(tiny), pixels(3)
    vectors, features = embedder.embed_with_features(photos)
    assert (features.shape, features.dtype) == ((3, 4, 4, CHANNELS), np.float32)
    assert (vectors == embedder.embed(photos)).all()


def test_no_photos_give_no_vectors(tiny: Path) -> None:
    embedder = Embedder(tiny)
    assert embedder.embed(pixels(0)).shape == (0, 256)
    vectors, features = embedder.embed_with_features(pixels(0))
    assert (vectors.shape, features.shape) == ((0, 256), (0, 4, 4, CHANNELS))


@pytest.mark.parametrize("wrong", [pixels(1).astype(np.float32), pixels(1)[0], pixels(1, size=48), pixels(1)[..., :1]])
def test_pixels_of_another_kind_are_refused_by_name(tiny: Path, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"tiny-20261123-0000000 takes uint8 \('n', 32, 32, 3\)"):
        Embedder(tiny).embed(wrong)


def test_a_network_that_is_not_the_cards_is_refused_naming_both(tmp_path: Path) -> None:
    expected = json.loads((write_tiny_model(tmp_path) / "card.json").read_text())["sha256"]
    (tmp_path / "model.onnx").write_bytes(b"another network")
    actual = hashlib.sha256(b"another network").hexdigest()
    with pytest.raises(ModelMismatch, match=f"{actual}.*{expected}"):
        Embedder(tmp_path)


@pytest.mark.parametrize("lie", [{"dim": 128}, {"input_size": 64}])
def test_a_card_that_misstates_the_network_is_refused(tmp_path: Path, lie: dict[str, int]) -> None:
    embedder = Embedder(write_tiny_model(tmp_path, card=lie))
    with pytest.raises(ModelMismatch):
        embedder.warm_up()


def test_an_incomplete_card_says_what_it_lacks(tmp_path: Path) -> None:
    (write_tiny_model(tmp_path) / "card.json").write_text('{"version": "x"}')
    with pytest.raises(ModelMismatch, match="lacks 'dim'"):
        Embedder(tmp_path)


def test_a_model_is_loaded_once_per_process(tiny: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        embedders = set(pool.map(lambda _: load_embedder(tiny), range(8)))
    assert len(embedders) == 1


def test_threads_may_share_an_embedder(tiny: Path) -> None:
    embedder, photos = Embedder(tiny), pixels(8)
    expected = embedder.embed(photos)
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(lambda _: embedder.embed(photos), range(20)):
            assert (vectors == expected).all()


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_an_embedder_used_before_a_fork_works_after_it(tiny: Path) -> None:
    """As under gunicorn --preload: the network's threads stay behind in the parent, the child starts its own."""
    expected = load_embedder(tiny).embed(pixels(4))
    with get_context("fork").Pool(1) as pool:
        child, vectors = pool.apply_async(_embed_in_child, (tiny,)).get(timeout=30)
    assert child != os.getpid()
    assert (vectors == expected).all()


def _embed_in_child(directory: Path) -> tuple[int, np.ndarray]:
    return os.getpid(), load_embedder(directory).embed(pixels(4))


def test_serving_needs_neither_tensorflow_nor_keras_nor_a_database_model() -> None:
    script = "import sys, ml.images, ml.embedder; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "onnxruntime" in loaded
    assert not {"tensorflow", "keras", "torch", "onnx", "ml.models", "django.db.models"} & set(loaded)


@pytest.mark.parametrize("directory", BUNDLED, ids=lambda directory: directory.name)
def test_a_bundled_model_finds_a_picture_again_among_others_when_it_is_cut_shrunk_and_compressed(
    directory: Path,
) -> None:
    embedder = load_embedder(directory)
    pictures = [_drawn(sides, colour) for sides, colour in enumerate(COLOURS, start=3)]
    again = []
    for picture in pictures:
        width, height = picture.size
        part = picture.crop((width // 40, height // 40, width - width // 40, height - height // 40))
        file = BytesIO()
        part.resize((width // 2, height // 2)).save(file, "JPEG", quality=60)
        again.append(Image.open(file).convert("RGB"))
    gallery, queries = (
        embedder.embed(np.stack([model_input(picture, embedder.input_size) for picture in side]))
        for side in (pictures, again)
    )
    assert gallery.shape == (8, embedder.dim)
    assert np.linalg.norm(gallery, axis=1) == pytest.approx(1, abs=1e-3)
    found = (queries @ gallery.T).argmax(axis=1)
    assert (found == np.arange(8)).sum() >= 6, found  # by chance it would be one


def test_onnx_runtime_reports_to_nobody() -> None:
    """Its telemetry would run in a thread of its own from the import on."""
    script = (
        "import os, numpy; before = len(os.listdir('/proc/self/task')); import ml.embedder;"
        "print(before, len(os.listdir('/proc/self/task')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    before, after = done.stdout.split()
    assert before == after


def test_a_forked_child_that_embedded_ends_by_itself(tiny: Path) -> None:
    script = f"""
import os, sys
from pathlib import Path
import numpy as np
from ml.embedder import Embedder
embedder = Embedder(Path({str(tiny)!r}))
pixels = np.zeros((8, 32, 32, 3), np.uint8)
embedder.embed(pixels)
child = os.fork()
embedder.embed(pixels)
print(os.waitpid(child, 0)[1] if child else "child")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert sorted(done.stdout.split()) == ["0", "child"], done.stderr
