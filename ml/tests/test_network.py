"""The network's contract with whoever serves it."""

import os
import subprocess
import sys

import numpy as np
import pytest
from django.conf import settings

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


def test_a_backbone_of_residual_blocks_embeds_under_jax_too() -> None:
    code = (
        "import numpy as np; from ml.network import build_network; network = build_network('mobilenetv3small', 32, 8); "
        "print(network(np.zeros((1, 32, 32, 3), np.uint8))['embedding'].shape)"
    )
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert told.stdout.strip() == "(1, 8)"
