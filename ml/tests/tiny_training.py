"""A training run of seconds: a network of a thousand weights on 16-pixel pictures made here.

As a program (`python -m ml.tests.tiny_training FOLDER EPOCHS PAUSE PRECISION`) it trains in FOLDER, going on where an
earlier one was killed, prints a line an epoch, and sleeps PAUSE seconds after each.
"""

import json
import sys
import time
from pathlib import Path

import keras
import numpy as np

from ml.data.pixels import Labelled
from ml.training.loop import train
from ml.training.recipe import Recipe, prepare_backend
from ml.training.validation import Validation

RECIPE = Recipe(backbone="", input_size=16, dim=8, p=3, k=2, epochs=3, steps=2, learning_rate=0.01, augmentation=0.3)


def pictures(products: int = 5, photos: int = 4, size: int = 24, seed: int = 0) -> Labelled:
    """`photos` noisy pictures of each of `products` colours."""
    rng = np.random.default_rng(seed)
    colours = np.repeat(rng.integers(0, 256, (products, 1, 1, 3)), photos, axis=0)
    pixels = np.clip(colours + rng.normal(0, 20, (products * photos, size, size, 3)), 0, 255).astype(np.uint8)
    return Labelled(pixels, np.repeat([f"p{i}" for i in range(products)], photos))


def tiny_network(size: int = 16, dim: int = 8) -> keras.Model:
    """The same outputs as `build_network`'s. Weights are the same on every backend."""
    pixels = keras.Input((size, size, 3), dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 255)(pixels)
    maps = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(scaled)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    projected = keras.layers.Dense(dim, dtype="float32")(pooled)
    embedding = keras.layers.UnitNormalization(dtype="float32")(projected)
    network = keras.Model(pixels, {"embedding": embedding, "features": maps})
    rng = np.random.default_rng(1)
    network.set_weights([rng.normal(0, 0.3, weights.shape) for weights in network.get_weights()])
    return network


def main(folder: Path, epochs: int, pause: float, precision: str) -> None:
    recipe = Recipe(**{**vars(RECIPE), "epochs": epochs, "precision": precision})
    prepare_backend(recipe)

    def report(row: dict[str, float]) -> None:
        print(json.dumps(row), flush=True)
        time.sleep(pause)

    network = tiny_network()
    train(recipe, network, pictures(), Validation(pictures(size=16, seed=1)), folder, report)
    print(json.dumps({"weights": [float(np.sum(weights)) for weights in network.get_weights()]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
