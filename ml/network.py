"""The embedding network: a backbone, pooling, a projection to 256 dimensions and L2 normalisation, in one graph.

The graph takes uint8 NHWC pixels, so that serving cannot preprocess differently from training.
"""

import inspect
import itertools
import sys
from typing import Any

import keras
import numpy as np
from keras import ops

from ml import efficientnet_lite
from ml.fused_layers import fused

SOFT_COLOURS = 4  # bins a channel of the soft colour histogram: 64 colours


class UnknownBackbone(ValueError):
    """The name is neither a keras.applications backbone nor one defined here."""


def build_network(
    backbone: str = "resnet50",
    input_size: int = 96,
    dim: int = 256,
    *,
    trunk_weights: str | None = None,
    levels: bool = True,
    colours: bool = True,
) -> keras.Model:
    """uint8 pixels [n, s, s, 3], s = input_size -> {"embedding": float32 [n, dim], "features": float32 [n, h, w, c]}.

    backbone: "efficientnetlite0", "…1", "…2", or the name of a keras.applications class in any case, e.g. "resnet50".
    levels: pool the earlier stages too, not only the last one: texture survives where there are too few photos to
        learn shapes from.
    colours: add a soft colour histogram with learned colours (starts as a 4 x 4 x 4 grid over RGB).
    "embedding" has unit rows; "features" is the last feature map, for "why it matched" and box proposals.
    trunk_weights: "imagenet" (of EfficientNet-Lite from the installed package; others are downloaded by Keras), or a
        file of the backbone's weights, as keras.applications takes.
    Raises UnknownBackbone, WeightsPackageMissing; passes on Keras' error when weights cannot be had or do not fit.
    """
    channels_first = keras.config.image_data_format() == "channels_first"
    shape = (3, input_size, input_size) if channels_first else (input_size, input_size, 3)

    pixels = keras.Input((input_size, input_size, 3), dtype="uint8", name="pixels")
    planes = keras.layers.Permute((3, 1, 2), name="planes")(pixels) if channels_first else pixels
    trunk, preprocess_input = _trunk(backbone.lower(), trunk_weights, shape)
    scaled = FamilyScaling(preprocess_input, name="scaling")(planes)
    stages = _last_output_of_each_resolution(trunk, channels_first) if levels else [trunk.output]
    maps = keras.Model(trunk.input, stages, name="backbone")(scaled)
    maps = maps if isinstance(maps, list) else [maps]

    pooled = [keras.layers.GlobalAveragePooling2D(name=f"average_{n}")(m) for n, m in enumerate(maps)]
    pooled.append(GeMPooling(name="gem")(maps[-1]))
    if colours:
        pooled.append(SoftColourHistogram(SOFT_COLOURS, name="colours")(pixels))
    joined = keras.layers.Concatenate(name="joined", dtype="float32")(pooled)
    joined = keras.layers.BatchNormalization(name="pooled_norm", dtype="float32")(joined)
    projected = keras.layers.Dense(dim, use_bias=False, name="projection", dtype="float32")(joined)
    embedding = keras.layers.UnitNormalization(name="embedding", dtype="float32")(projected)
    last = keras.layers.Permute((2, 3, 1), name="rows")(maps[-1]) if channels_first else maps[-1]
    features = keras.layers.Activation("linear", name="features", dtype="float32")(last)
    return keras.Model(pixels, {"embedding": embedding, "features": features}, name="network")


def backbone_variables(network: keras.Model) -> list[Any]:
    """The trainable variables of the network's backbone, which may have a lower learning rate than the new layers."""
    return [v for layer in network.layers if layer.name == "backbone" for v in layer.trainable_variables]


def split_network(network: keras.Model) -> tuple[keras.Model, keras.Model]:
    """A network of `build_network` as two networks that share its variables: network = learning(frozen(pixels)).

    frozen: uint8 pixels [n, s, s, 3] -> float32 [n, d], flat: the input of the backbone's last stage, and whatever
    bypasses that stage: pooled earlier stages, colours.
    learning: float16 [n, d] -> {"embedding": float32 [n, dim]}: the last stage, pooling and projection.
    """
    channels_first = keras.config.image_data_format() == "channels_first"
    backbone, pixels = network.get_layer("backbone"), network.input
    *earlier, last = backbone.outputs
    cut = _last_output_of_each_resolution(backbone, channels_first)[-2]
    colours = [layer for layer in network.layers if layer.name == "colours"]

    planes = network.get_layer("planes")(pixels) if channels_first else pixels
    maps = keras.Model(backbone.input, [cut, *earlier])(network.get_layer("scaling")(planes))
    parts = [keras.layers.Flatten(data_format="channels_last")(maps[0])]
    parts += [network.get_layer(f"average_{n}")(stage) for n, stage in enumerate(maps[1:])]
    parts += [layer(pixels) for layer in colours]
    frozen = keras.Model(pixels, keras.layers.Concatenate(dtype="float32")(parts), name="frozen")

    bounds = np.cumsum([0, *(part.shape[1] for part in parts)])
    outputs = keras.Input((int(bounds[-1]),), dtype="float16", name="outputs_of_frozen_stages")
    slices = [ops.cast(outputs[:, a:b], "float32") for a, b in itertools.pairwise(bounds.tolist())]
    stage = keras.layers.Reshape(cut.shape[1:])(slices[0])
    top = keras.Model(cut, last, name="backbone")(stage)
    pooled = slices[1 : 1 + len(earlier)]
    pooled += [network.get_layer(f"average_{len(earlier)}")(top), network.get_layer("gem")(top)]
    joined = keras.layers.Concatenate(dtype="float32")(pooled + slices[1 + len(earlier) :])
    for name in ("pooled_norm", "projection", "embedding"):
        joined = network.get_layer(name)(joined)
    return frozen, keras.Model(outputs, {"embedding": joined}, name="learning")


class FamilyScaling(keras.layers.Layer):
    """uint8 -> the input range of the backbone's family (its keras.applications preprocess_input)."""

    def __init__(self, preprocess_input: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._preprocess_input = preprocess_input

    def call(self, pixels: Any) -> Any:
        return ops.cast(self._preprocess_input(ops.cast(pixels, "float32")), self.compute_dtype)


class GeMPooling(keras.layers.Layer):
    """Generalised-mean pooling (Radenovic 2018) with the usual power of 3: between average and maximum pooling."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)

    def call(self, features: Any) -> Any:
        axes = (2, 3) if keras.config.image_data_format() == "channels_first" else (1, 2)
        positive = ops.maximum(ops.cast(features, "float32"), 0)
        return ops.power(ops.mean(positive * positive * positive, axes) + 1e-6, 1 / 3)


class SoftColourHistogram(keras.layers.Layer):
    """uint8 pixels [n, h, w, 3] -> float32 [n, bins**3]: square roots of the histogram over learned colours.

    Each pixel is assigned softly, by softmax(-|pixel - colour|^2 / width). The exponent is linear in the pixel up to a
    constant, so a 1 x 1 convolution computes it; it is initialised with a grid of colours and trained.
    """

    def __init__(self, bins: int, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self._bins = bins

    def build(self, shape: tuple[int | None, ...]) -> None:
        steps = (np.arange(self._bins) + 0.5) / self._bins
        grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
        width = (0.5 / self._bins) ** 2
        kernel, bias = 2 * grid.T / width, -(grid**2).sum(1) / width
        self.kernel = self.add_weight(shape=kernel.shape, initializer="zeros", name="kernel")
        self.bias = self.add_weight(shape=bias.shape, initializer="zeros", name="bias")
        self.kernel.assign(kernel)
        self.bias.assign(bias)

    def call(self, pixels: Any) -> Any:
        pixels = (
            ops.cast(pixels[:, ::4, ::4], "float32") / 255
        )  # a sixteenth of the pixels gives nearly the same histogram
        shares = ops.softmax(ops.matmul(pixels, self.kernel) + self.bias)
        return ops.sqrt(ops.mean(shares, (1, 2)) + 1e-6)


def backbone_names() -> list[str]:
    """Names that `build_network` accepts."""
    return sorted([*_backbones(), *efficientnet_lite.WIDTH_AND_DEPTH])


def _trunk(name: str, weights: str | None, shape: tuple[int, int, int]) -> tuple[keras.Model, Any]:
    """The backbone up to its last feature map, and the function that scales pixels in 0..255 for it."""
    if name in efficientnet_lite.WIDTH_AND_DEPTH:
        trunk = efficientnet_lite.build_efficientnet_lite(name, shape)
        if weights == "imagenet":
            efficientnet_lite.load_imagenet_weights(trunk)
        elif weights:
            trunk.load_weights(weights)
        return trunk, efficientnet_lite.preprocess_input
    make = _backbones().get(name)
    if make is None:
        raise UnknownBackbone(f"“{name}” is not a backbone. Try one of: {', '.join(backbone_names())}.")
    plain = make(weights=weights, include_top=False, input_shape=shape)
    trunk = keras.models.clone_model(plain, clone_function=fused)
    if weights:
        trunk.set_weights(plain.get_weights())
    else:
        _start_residual_blocks_as_identity(trunk)
    return trunk, sys.modules[make.__module__].preprocess_input


def _backbones() -> dict[str, Any]:
    return {
        name.lower(): make
        for name, make in vars(keras.applications).items()
        if inspect.isfunction(make) and name[0].isupper()
    }


def _start_residual_blocks_as_identity(trunk: keras.Model) -> None:
    """Initialises the last scale of each residual branch with zero (Goyal 2017), which speeds up
    training from scratch.
    """
    for layer in trunk.layers:
        if isinstance(layer, keras.layers.Add):
            for source in layer.input:
                branch = source._keras_history.operation
                if isinstance(branch, keras.layers.BatchNormalization) and not branch.name.endswith("_0_bn"):
                    branch.gamma.assign(ops.zeros(branch.gamma.shape))


def _last_output_of_each_resolution(trunk: keras.Model, channels_first: bool) -> list[Any]:
    """The last feature map of each resolution, from a quarter of the input's sides to the trunk's
    output, finest first.
    """
    rows = 2 if channels_first else 1
    coarsest, finest = trunk.outputs[-1].shape[rows], trunk.input.shape[rows] / 4
    last: dict[int, Any] = {}
    for layer in trunk.layers:
        if isinstance(layer, keras.layers.ZeroPadding2D) or isinstance(layer.output, list):
            continue
        if len(layer.output.shape) == 4 and coarsest < layer.output.shape[rows] <= finest:
            last[layer.output.shape[rows]] = layer.output
    return [output for _, output in sorted(last.items(), reverse=True)] + [trunk.outputs[-1]]
