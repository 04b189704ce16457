"""Scores become probabilities, beside the others of their answer; blank photos are told from items."""

import numpy as np
import pytest

from ml.blank import shows_something
from ml.evaluation.calibration import Answer, answers, expected_error, fit, trust
from ml.verdict import Calibration, Likelihood, Logistic, features


def shop(strangers: float, twins: float, count: int, seed: int) -> list[Answer]:
    """Answers of a shop whose products score about `strangers`, and `twins` where it is the one in the photo; every
    other query is of a product that is not there."""
    random = np.random.default_rng(seed)
    found = []
    for query in range(count):
        present = query % 2 == 0
        scores = random.normal(strangers, 0.03, 40)
        right = np.zeros(40, bool)
        if present:
            scores[0], right[0] = random.normal(twins, 0.02), True
        order = np.argsort(-scores)
        found.append(Answer(query, scores[order], right[order], right[order], present))
    return found


PEARS, LAMPS = {"strangers": 0.7, "twins": 0.9}, {"strangers": 0.1, "twins": 0.6}


def test_one_calibration_serves_a_shop_of_pears_and_a_shop_of_lamps() -> None:
    calibration = fit([*shop(**PEARS, count=100, seed=1), *shop(**LAMPS, count=100, seed=2)])
    assert calibration
    for kind_of_shop in (PEARS, LAMPS):
        measured = trust(calibration, shop(**kind_of_shop, count=200, seed=3))
        assert measured.false_nothing <= 0.05
        assert measured.false_close <= 0.05
        assert measured.expected_error <= 0.05
    # No least cosine could: what a pear's stranger scores is more than a lamp's twin.
    assert PEARS["strangers"] > LAMPS["twins"]


def test_a_higher_score_in_one_answer_is_never_less_likely() -> None:
    calibration = fit([*shop(**PEARS, count=100, seed=1), *shop(**LAMPS, count=100, seed=2)])
    assert calibration
    scores = np.sort(np.random.default_rng(0).uniform(0, 1, 60))[::-1]
    likely = calibration.likelihoods(scores, scores)
    assert [one.product for one in likely] == sorted((one.product for one in likely), reverse=True)


def test_the_best_product_is_known_again_by_a_rounded_score() -> None:
    scores = np.array([0.94649, 0.67718, 0.6, 0.5, 0.4])
    kept = [round(score, 4) for score in scores.tolist()]
    assert features(scores, kept) == pytest.approx(features(scores, scores), abs=1e-3)


def test_a_card_of_before_a_feature_was_added_still_tells() -> None:
    older = Logistic(-2.0, (4.0, 1.0))
    assert older(np.array([[0.5, 1.0, 9.0, 9.0, 9.0]])) == pytest.approx(1 / (1 + np.exp(-1.0)))


def test_a_first_result_that_stands_clear_of_the_cohort_is_likelier() -> None:
    calibration = fit([*shop(**PEARS, count=100, seed=1), *shop(**LAMPS, count=100, seed=2)])
    assert calibration
    cohort = [0.5] * 30
    near, clear = [0.56, *cohort], [0.56, *(score - 0.2 for score in cohort)]
    likely = [calibration.likelihoods(answer[:1], answer)[0].product for answer in (near, clear)]
    assert likely[0] < likely[1]


def test_too_few_answers_calibrate_nothing() -> None:
    assert fit(shop(**PEARS, count=10, seed=1)) is None
    assert fit([]) is None


def test_a_shop_of_one_product_still_has_probabilities() -> None:
    assert features([0.8], [0.8]).tolist() == [[0.8, 0, 0, 0, 0]]
    calibration = fit(shop(**PEARS, count=100, seed=1))
    assert calibration
    assert 0 <= calibration.likelihoods([0.8], [0.8])[0].product <= 1


def test_the_card_keeps_a_calibration_as_it_is() -> None:
    calibration = fit(shop(**PEARS, count=100, seed=1))
    assert calibration
    assert Calibration.from_card({"calibration": calibration.as_card()}) == calibration
    assert Calibration.from_card({}) is None


def test_queries_are_asked_with_and_without_their_product() -> None:
    gallery = np.eye(4, dtype=np.float32)[:3]
    queries = np.stack([gallery[0], np.eye(4, dtype=np.float32)[3]])
    found = answers(queries, ["a", "z"], gallery, ["a", "b", "c"], ["tee", "tee"], ["tee", "tee", "hat"])
    assert [(answer.query, answer.present, len(answer.scores)) for answer in found] == [
        (0, True, 3),
        (0, False, 2),
        (1, False, 3),
    ]
    assert found[0].right.tolist() == [True, False, False]
    assert found[0].kind.tolist() == [True, True, False]
    assert found[2].kind.tolist() == [True, True, False]


def test_the_expected_error_is_what_probabilities_are_wrong_by() -> None:
    told = np.array([0.9] * 10)
    assert expected_error(told, np.arange(10) < 9) == pytest.approx(0)
    assert expected_error(told, np.arange(10) < 4) == pytest.approx(0.5)


def test_of_its_kind_is_alike_too() -> None:
    assert Likelihood(0.1, 0.6).is_alike
    assert Likelihood(0.6, 0.1).is_alike
    assert not Likelihood(0.4, 0.4).is_alike


SIDE = 224
Y, X = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
NOISE = np.random.default_rng(0)
NOTHING = {
    "white": np.full((SIDE, SIDE), 255.0),
    "black": np.zeros((SIDE, SIDE)),
    "a dark room": 6 + NOISE.normal(0, 4, (SIDE, SIDE)),
    "a lit wall": 190 - 40 * (X * X + Y * Y) + NOISE.normal(0, 3, (SIDE, SIDE)),
    "a gradient": 128 + 80 * X,
    "noise": NOISE.uniform(0, 255, (SIDE, SIDE)),
}
SOMETHING = {
    "a white thing on white": 250 - 25.0 * (abs(X) < 0.4) * (abs(Y) < 0.5),
    "a small thing": 200 - 120.0 * (np.hypot(X - 0.3, Y) < 0.15),
    "a dim thing": 20 + 18.0 * (np.hypot(X, Y) < 0.5),
    "stripes": 128 + 60 * np.sign(np.sin(40 * X)),
}


@pytest.mark.parametrize(("name", "there"), [*((n, False) for n in NOTHING), *((n, True) for n in SOMETHING)])
def test_blank_photos_are_told_from_items(name: str, there: bool) -> None:
    grey = (NOTHING | SOMETHING)[name]
    pixels = np.clip(np.repeat(grey[..., None], 3, axis=2), 0, 255).astype(np.uint8)
    assert shows_something(pixels) is there
