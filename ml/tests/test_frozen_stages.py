"""Only the last stage learns, from cached outputs of the stages below; and the rates of backbone and head."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from ml.data.pixels import Labelled
from ml.network import backbone_variables, build_network, split_network
from ml.tests.tiny_training import pictures
from ml.training.callbacks import BEST_WEIGHTS, CHECKPOINT
from ml.training.frozen import STAGES
from ml.training.loop import train
from ml.training.recipe import Recipe, prepare_backend
from ml.training.validation import Validation, embed

RECIPE = Recipe(
    backbone="efficientnetlite0", input_size=32, levels=False, colours=False,
    p=3, k=2, epochs=2, steps=2, ema=0, learning_rate=0.01,
)  # fmt: skip


def network_of(recipe: Recipe) -> keras.Model:
    prepare_backend(recipe)
    return build_network(**recipe.network)


def weights_of(network: keras.Model) -> dict[str, np.ndarray]:
    return {variable.path: keras.ops.convert_to_numpy(variable).copy() for variable in network.trainable_variables}


def moved(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    return {path for path in before if not np.allclose(before[path], after[path], rtol=1e-3, atol=1e-6)}


def shop(size: int = 48) -> tuple[Labelled, Validation]:
    return pictures(size=size), Validation(pictures(size=32, seed=1))


@pytest.mark.parametrize(
    ("backbone", "levels"), [("efficientnetlite0", False), ("mobilenetv3small", True)], ids=["lite", "with levels"]
)
def test_a_split_network_gives_the_embeddings_of_the_whole(backbone: str, levels: bool) -> None:
    network = network_of(replace(RECIPE, backbone=backbone, levels=levels, colours=levels, input_size=64))
    frozen, learning = split_network(network)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)

    halves = embed(learning, np.asarray(frozen.predict_on_batch(pixels), np.float16))

    assert np.sum(halves * embed(network, pixels), axis=1) == pytest.approx(np.ones(3), abs=1e-3)


def test_the_lower_stages_stay_and_the_last_one_learns(tmp_path: Path) -> None:
    network = network_of(RECIPE)
    before = weights_of(network)
    learning = {variable.path for variable in split_network(network)[1].trainable_variables}

    history = train(replace(RECIPE, frozen_stages=True), network, *shop(), tmp_path)

    assert len(history) == 2
    changed = moved(before, weights_of(network))
    assert changed <= learning
    assert "projection/kernel" in changed
    assert "stem_conv/kernel" not in learning


def test_a_run_on_frozen_stages_ends_as_one_that_was_broken_off(tmp_path: Path) -> None:
    recipe = replace(RECIPE, frozen_stages=True)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for folder in (whole, broken):
        folder.mkdir()
    network = network_of(recipe)  # sets the seed, so all three start alike
    train(recipe, network, *shop(), whole)

    class Killed(Exception):
        pass

    def kill(row: dict[str, float]) -> None:
        raise Killed

    with pytest.raises(Killed):
        train(recipe, network_of(recipe), *shop(), broken, kill)
    assert (broken / CHECKPOINT).exists()
    again = network_of(recipe)
    written = (broken / STAGES).stat().st_mtime_ns
    train(recipe, again, *shop(), broken)

    assert (broken / STAGES).stat().st_mtime_ns == written
    for folder, trained in ((whole, network), (broken, again)):
        trained.load_weights(folder / BEST_WEIGHTS)
    for left, right in zip(network.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5)


def test_the_backbone_learns_at_its_own_rate_and_rests_in_the_head_s_epochs(tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs=1, weight_decay=0.0)
    changes = {}
    for name, changed in {
        "resting": replace(recipe, head_epochs=1),
        "slow": replace(recipe, backbone_rate=0.1),
        "as the head": recipe,
    }.items():
        network = network_of(changed)
        backbone = {variable.path for variable in backbone_variables(network)}
        before = weights_of(network)
        (tmp_path / name).mkdir()
        train(changed, network, *shop(), tmp_path / name)
        after = weights_of(network)
        changes[name] = sum(float(np.abs(after[path] - before[path]).sum()) for path in backbone)
        assert "projection/kernel" in moved(before, after)

    assert changes["resting"] == 0
    assert 0 < changes["slow"] < 0.2 * changes["as the head"]
