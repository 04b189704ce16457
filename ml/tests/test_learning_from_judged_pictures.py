"""Staff said of a search's picture what it shows, or what it does not: training uses it, and can be resumed."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from keras import ops
from PIL import Image

from ml.data.datasets import JudgedPicture, Photo, UnusableDataset
from ml.data.pixels import Labelled
from ml.tests.drawing import draw
from ml.tests.tiny_training import RECIPE, pictures, tiny_network
from ml.training import runs
from ml.training.learner import Learner, make_learner
from ml.training.loop import train
from ml.training.recipe import prepare_backend
from ml.training.validation import embed


@pytest.fixture(autouse=True)
def own_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path)


def jpeg(seed: int) -> bytes:
    file = io.BytesIO()
    colour = tuple(np.random.default_rng(seed).integers(256, size=3).tolist())
    Image.new("RGB", (40, 40), colour).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> list[Photo]:
    return [
        Photo(draw(tmp_path / "photos" / f"p{product}_{view}.png", seed=product), f"p{product}")
        for product in range(3)
        for view in range(2)
    ]


def begun(photos: list[Photo], out: Path, *judged: JudgedPicture) -> Path:
    return runs.begin(RECIPE, photos, [], [], "none", ["here"], out, judged)


def test_what_is_said_of_products_that_are_not_trained_on_is_left_out(photos: list[Photo], tmp_path: Path) -> None:
    run = begun(
        photos,
        tmp_path / "out",
        JudgedPicture("right", jpeg(0), "p1", ("p0", "elsewhere")),
        JudgedPicture("wrong", jpeg(1), None, ("p0", "p2")),
        JudgedPicture("held-out", jpeg(2), "elsewhere", ("p2",)),
        JudgedPicture("nothing", jpeg(3), "elsewhere", ("elsewhere-too",)),
    )
    facts = runs.read_run(run)
    listed = facts["train"][len(photos) :]
    assert listed == [
        ["judged/right.jpg", "p1", ""],
        ["judged/wrong.jpg", "", ""],
        ["judged/wrong.jpg", "", ""],
        ["judged/held-out.jpg", "", ""],
    ]
    assert facts["hard_negatives"] == [[6, "p0"], [7, "p0"], [8, "p2"], [9, "p2"]]
    assert facts["judged"] == 3
    assert (run / "judged" / "wrong.jpg").read_bytes() == jpeg(1)
    assert not (run / "judged" / "nothing.jpg").exists()


def test_a_right_picture_makes_a_pair_of_a_single_photo(photos: list[Photo], tmp_path: Path) -> None:
    singles = photos[::2]
    with pytest.raises(UnusableDataset, match="No product has two photos"):
        begun(singles, tmp_path / "out")
    begun(singles, tmp_path / "out", JudgedPicture("right", jpeg(0), "p1"))


def test_what_was_searched_for_is_pushed_away_from_a_wrong_answer(tmp_path: Path) -> None:
    plain = pictures()
    much_like_p0 = (0.7 * plain.pixels[0] + 0.3 * plain.pixels[4]).astype(np.uint8)
    pixels, products = np.concatenate([plain.pixels, much_like_p0[None]]), np.append(plain.products, "")
    recipe = replace(RECIPE, epochs=1, steps=60, p=4, identity_weight=0, ema=0, augmentation=0)

    def distance_to_p0(photos: Labelled, folder: Path) -> float:
        folder.mkdir()
        prepare_backend(recipe)
        network = tiny_network()
        train(recipe, network, photos, None, folder)
        embeddings = embed(network, photos.pixels[:, 4:20, 4:20])
        return float(np.linalg.norm(embeddings[:4].mean(0) - embeddings[-1]))

    without = distance_to_p0(Labelled(pixels, products), tmp_path / "without")
    marked = distance_to_p0(Labelled(pixels, products, [(len(pixels) - 1, "p0")]), tmp_path / "marked")
    assert marked > 2 * without


def test_the_identity_head_learns_nothing_from_a_picture_of_an_unknown_product() -> None:
    recipe = replace(RECIPE, triplet_weight=0)
    prepare_backend(recipe)
    learner = make_learner(recipe, 2, tiny_network(), Learner)
    logits = np.array([[2, 0], [0, 1], [5, 5]], np.float32)
    predicted = {"embedding": np.eye(3, 8, dtype=np.float32), "logits": logits}
    dice = {"mining": np.zeros((3, 3), np.float32)}
    with_unknown = learner.compute_loss(dice, np.array([0, 1, -2]), predicted)
    known = {name: values[:2] for name, values in predicted.items()}
    without = learner.compute_loss({"mining": dice["mining"][:2, :2]}, np.array([0, 1]), known)
    assert float(ops.convert_to_numpy(with_unknown)) == pytest.approx(float(ops.convert_to_numpy(without)))


class Interrupted(Exception):
    pass


def test_a_run_with_judged_pictures_is_resumed_exactly(
    photos: list[Photo], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "initial_network", lambda recipe, weights: tiny_network())
    judged = [JudgedPicture("a", jpeg(0), "p1", ("p0",)), JudgedPicture("b", jpeg(1), None, ("p0", "p2"))]

    def learned(run: Path, interrupt: bool) -> list[str]:
        def report(row: dict[str, float]) -> None:
            if interrupt and row["epoch"] == 1:
                raise Interrupted

        if interrupt:
            with pytest.raises(Interrupted):
                runs.go_on(run, report)
        runs.go_on(run, lambda row: None)
        lines = (run / "history.csv").read_text().splitlines()
        return [line.rpartition(",")[0] for line in lines]  # the last column is photos a second

    alone = learned(begun(photos, tmp_path / "alone", *judged), interrupt=False)
    assert not list(tmp_path.glob("cache/pixels/*")), "shoppers' pictures lie in the run's folder alone, decoded too"
    resumed = learned(begun(photos, tmp_path / "resumed", *judged), interrupt=True)
    assert len(alone) == 1 + RECIPE.epochs
    assert resumed == alone
    assert learned(begun(photos, tmp_path / "unmarked"), interrupt=False) != alone
