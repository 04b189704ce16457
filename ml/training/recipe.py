"""Hyperparameters of a training run, and the settings of the backend for speed."""

import ctypes
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True)
class Recipe:
    """Everything that determines what a training run does to given photos, except the initial weights."""

    backbone: str = "resnet50"
    input_size: int = 96
    dim: int = 256
    levels: bool = True
    colours: bool = True
    miner: str = "batch-hard"
    margin: float | None = None  # None: soft margin
    sharpness: float = 8.0  # factor of the distances under the soft margin
    p: int = 16
    k: int = 4
    epochs: int = 30
    steps: int = 100  # batches an epoch
    learning_rate: float = 1e-3
    backbone_rate: float = 1.0  # of the learning rate
    head_epochs: int = 0  # epochs in which only the layers after the backbone learn
    frozen_stages: bool = False  # only the backbone's last stage learns, from cached outputs of the lower ones
    weight_decay: float = 0.05
    identity_weight: float = 1.0  # 0: no identity head
    label_smoothing: float = 0.1
    triplet_weight: float = 0.5
    kind_weight: float = 0.5  # of the kind head, where kinds are known; 0: none
    contrast_weight: float = 0.25  # of the supervised contrastive loss over kinds
    teacher_weight: float = 5.0  # of the cosine to the teacher, where there is one
    relation_weight: float = 2.0  # of the relational distances to the teacher's
    augmentation: float = 1.0
    ema: float = 0.99  # 0: no moving average of the weights
    precision: str = "float32"
    patience: int = 0  # epochs without a better validation Recall@1; 0: never stop early
    seed: int = 0

    @property
    def network(self) -> dict[str, Any]:
        """Keyword arguments of `build_network`."""
        return {name: getattr(self, name) for name in ("backbone", "input_size", "dim", "levels", "colours")}


def prepare_backend(recipe: Recipe) -> None:
    """Set the fastest layout and precision for the backend in use; call before any network is built."""
    keras.utils.set_random_seed(recipe.seed)
    _keep_freed_memory()
    convolutions = recipe.backbone.startswith(("resnet", "vgg", "efficientnetlite"))
    torch_convolutions = keras.backend.backend() == "torch" and convolutions
    keras.config.set_image_data_format("channels_first" if torch_convolutions else "channels_last")
    keras.config.set_dtype_policy({"float32": "float32", "bfloat16": "mixed_bfloat16"}[recipe.precision])


def _keep_freed_memory() -> None:
    """Make the C library keep freed memory for the next batch. Otherwise each batch's large arrays are mapped and
    zeroed again, which takes up to half of the time of a training step on a CPU.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc
        trim_threshold, top_pad, mmap_threshold = -1, -2, -3
        for parameter, value in ((trim_threshold, 2**31 - 1), (top_pad, 2**28), (mmap_threshold, 2**31 - 1)):
            libc.mallopt(parameter, value)
