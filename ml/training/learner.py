"""The learner: the network with augmentation, losses, heads and teacher, and its optimizer."""

from typing import Any

import keras
import numpy as np
from keras import ops

from ml.contrastive import supervised_contrastive_loss
from ml.data import augmentation
from ml.distillation import cosine_loss, relational_distance_loss
from ml.network import backbone_variables
from ml.training.recipe import Recipe
from ml.triplet import active_share, triplet_loss, triplets


class Learner(keras.Model):
    """The network with what it needs only for training: augmentation, the BN neck with its heads (Luo 2019), a teacher.

    The heads classify products (identity) and kinds from a batch-normalised copy of the embedding. Photos of a product
    with a single photo are negatives in the triplets, and contribute to the losses over kinds.
    """

    def __init__(
        self, network: keras.Model, products: int, recipe: Recipe, kinds: int = 0, teacher: keras.Model | None = None
    ) -> None:
        # float32 whatever the network's precision: the augmentation needs exact parameters and pixels.
        super().__init__(name="learner", dtype="float32")
        self.network = network
        self._recipe, self._products = recipe, products
        self.neck = keras.layers.BatchNormalization(name="neck", center=False, dtype="float32")
        self.identities, self.kinds = _head(products, "identities"), _head(kinds, "kinds") if kinds > 1 else None
        self.teacher = teacher
        if teacher:
            teacher.trainable = False
        names = ["triplet", "identity", "active", "positive_distance", "negative_distance"]
        names += ["kind", "contrast"] if self.kinds else []
        names += ["teacher", "relation"] if teacher else []
        self._means = {name: keras.metrics.Mean(name) for name in names}

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> dict[str, Any]:
        size = max(network.input.shape[1] for network in (self.network, self.teacher) if network)
        pixels = augmentation.augment(inputs["pixels"], inputs, size)
        embedding = self.network(_resized(pixels, self._recipe.input_size), training=training)["embedding"]
        answer = self.with_heads(embedding, training)
        if self.teacher:
            seen = self.teacher(_resized(pixels, self.teacher.input.shape[1]), training=False)["embedding"]
            answer["teacher"] = ops.stop_gradient(seen)
        return answer

    def with_heads(self, embedding: Any, training: bool | None) -> dict[str, Any]:
        neck = self.neck(embedding, training=training)
        answer = {"embedding": embedding, "logits": self.identities(neck)}
        if self.kinds:
            answer["kind_logits"] = self.kinds(neck)
        return answer

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        recipe, embedding, losses = self._recipe, y_pred["embedding"], {}
        found = triplets(embedding, y, recipe.miner, x["mining"])
        losses["triplet"] = triplet_loss(found, recipe.margin, recipe.sharpness)
        if recipe.identity_weight:
            classes = ops.where(y < self._products, y, -1)  # single-photo products have no identity class
            losses["identity"] = _smoothed_cross_entropy(y_pred["logits"], classes, recipe.label_smoothing)
        if self.kinds:
            losses["kind"] = _smoothed_cross_entropy(y_pred["kind_logits"], x["kinds"], recipe.label_smoothing)
            losses["contrast"] = supervised_contrastive_loss(embedding, x["kinds"])
        if self.teacher:
            losses["teacher"] = cosine_loss(embedding, y_pred["teacher"])
            losses["relation"] = relational_distance_loss(embedding, y_pred["teacher"])
        for name, loss in losses.items():
            self._means[name].update_state(loss)
        self._means["active"].update_state(active_share(found, recipe.margin))
        count = ops.maximum(ops.sum(found.weight), 1)
        self._means["positive_distance"].update_state(ops.sum(found.positive) / count)
        self._means["negative_distance"].update_state(ops.sum(found.negative) / count)
        return sum(getattr(recipe, f"{name}_weight") * loss for name, loss in losses.items())


def _head(classes: int, name: str) -> keras.layers.Dense:
    start = keras.initializers.RandomNormal(stddev=0.01)
    return keras.layers.Dense(classes, use_bias=False, kernel_initializer=start, dtype="float32", name=name)


def _smoothed_cross_entropy(logits: Any, labels: Any, smoothing: float) -> Any:
    """Label-smoothed cross entropy, the mean over rows with a label of 0 or more; a scalar, 0 if there is none."""
    known = ops.cast(labels >= 0, "float32")
    targets = ops.one_hot(ops.maximum(labels, 0), logits.shape[-1])
    targets = targets * (1 - smoothing) + smoothing / targets.shape[-1]
    losses = ops.categorical_crossentropy(targets, logits, from_logits=True)
    return ops.sum(losses * known) / ops.maximum(ops.sum(known), 1)


def _resized(pixels: Any, size: int) -> Any:
    """uint8 [n, s, s, 3] -> uint8 [n, size, size, 3]."""
    if pixels.shape[1] == size:
        return pixels
    small = ops.image.resize(ops.cast(pixels, "float32"), (size, size), antialias=True, data_format="channels_last")
    return ops.cast(ops.round(ops.clip(small, 0, 255)), "uint8")


class DiscriminativeAdamW(keras.optimizers.AdamW):
    """AdamW (Loshchilov 2019) with a lower learning rate for the backbone, which is not updated at all in the first
    steps.

    backbone: its variables, recognised by identity, since their names have no common part. backbone_rate: factor of the
    learning rate. Weight decay (1/50,000 per step) is the same for all variables: before a normalisation it has no
    effect on the output.
    """

    def __init__(self, backbone: list[Any], backbone_rate: float, frozen_steps: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._ids = frozenset(id(variable) for variable in backbone)
        self._backbone_rate, self._frozen_steps = backbone_rate, frozen_steps

    def build(self, variables: list[Any]) -> None:
        super().build(variables)
        # By index: under TensorFlow update_step gets a different object for the same variable.
        self._of_backbone = frozenset(place for place, variable in enumerate(variables) if id(variable) in self._ids)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if self._get_variable_index(variable) in self._of_backbone:
            moving = ops.cast(self.iterations >= self._frozen_steps, learning_rate.dtype)
            learning_rate = learning_rate * self._backbone_rate * moving
        if keras.backend.backend() == "torch":
            self._fused_update_step(gradient, variable, float(learning_rate))
        else:
            super().update_step(gradient, variable, learning_rate)

    def _fused_update_step(self, gradient: Any, variable: Any, learning_rate: float) -> None:
        """The same update by PyTorch's fused kernel: one pass over the memory instead of Keras' dozen."""
        import torch
        from torch.optim.adamw import adamw

        index = self._get_variable_index(variable)
        adamw(
            [variable.value.data],
            [gradient],
            [self._momentums[index].value.data],
            [self._velocities[index].value.data],
            [],
            [torch.tensor(float(self.iterations.value))],  # the kernel increments it
            fused=True,
            amsgrad=False,
            beta1=self.beta_1,
            beta2=self.beta_2,
            lr=learning_rate,
            weight_decay=0.0,  # Keras has applied it
            eps=self.epsilon,
            maximize=False,
        )

    def _update_model_variables_moving_average(self, trainable_variables: Any) -> None:
        if keras.backend.backend() != "torch" or not self.use_ema:
            super()._update_model_variables_moving_average(trainable_variables)
            return
        weight = 1 - self.ema_momentum if int(self.iterations.value) > 0 else 1.0
        for variable, average in zip(trainable_variables, self._model_variables_moving_average, strict=True):
            average.value.data.lerp_(variable.value.data, weight)


def make_learner(
    recipe: Recipe,
    products: int,
    network: keras.Model,
    learner_class: type[Learner] = Learner,
    kinds: int = 0,
    teacher: keras.Model | None = None,
) -> Learner:
    learner = learner_class(network, products, recipe, kinds, teacher)
    total = recipe.epochs * recipe.steps
    warm_up = max(1, min(total // 20, 500))
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 100, max(1, total - warm_up), warmup_target=recipe.learning_rate, warmup_steps=warm_up
    )
    optimizer = DiscriminativeAdamW(
        backbone_variables(network),
        recipe.backbone_rate,
        recipe.head_epochs * recipe.steps,
        learning_rate=schedule,
        weight_decay=recipe.weight_decay,
        use_ema=bool(recipe.ema),
        ema_momentum=recipe.ema or 0.99,
        global_clipnorm=5.0,
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    learner.compile(optimizer=optimizer)
    seen = max(filter(None, (network, teacher)), key=lambda model: model.input.shape[1]).input
    blank = np.zeros((2, *seen.shape[1:]), seen.dtype)
    learner({"pixels": blank, **augmentation.draw(np.random.default_rng(0), 2, 0)})
    if keras.backend.backend() == "torch":
        import torch

        learner.to(memory_format=torch.channels_last)
    return learner
