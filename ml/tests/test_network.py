"""The network's contract with whoever serves it."""

import numpy as np
import pytest

from ml.network import UnknownBackbone, build_network


def test_pixels_become_unit_vectors_and_a_feature_map() -> None:
    network = build_network("mobilenet", 32, dim=16)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    outputs = network.predict_on_batch(pixels)
    assert outputs["embedding"].shape == (3, 16)
    np.testing.assert_allclose(np.linalg.norm(outputs["embedding"], axis=1), 1, atol=1e-5)
    assert outputs["features"].shape == (3, 1, 1, 1024)


def test_an_unknown_backbone_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownBackbone, match="resnet50"):
        build_network("resnet51", 32)
