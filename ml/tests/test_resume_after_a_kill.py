"""Training that is killed goes on exactly where it was; the same run on another backend learns the same."""

import json
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.conf import settings

EPOCHS = 3


def start(
    folder: Path, backend: str = "jax", epochs: int = EPOCHS, pause: float = 0, precision: str = "float32"
) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    compiled_once = {"JAX_COMPILATION_CACHE_DIR": str(folder.parent), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    return subprocess.Popen(
        [sys.executable, "-m", "ml.tests.tiny_training", str(folder), str(epochs), str(pause), precision],
        env=os.environ | {"KERAS_BACKEND": backend, "DJANGO_SETTINGS_MODULE": "visualsearch.settings"} | compiled_once,
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def told(run: subprocess.Popen[str]) -> list[dict[str, float]]:
    output, _ = run.communicate(timeout=240)
    assert run.returncode == 0
    rows = [json.loads(line) for line in output.splitlines()]
    for row in rows:
        row.pop("photos_per_second", None)
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def left_alone(folder: Path) -> list[dict[str, float]]:
    return told(start(folder / "left-alone"))


def test_a_killed_run_ends_with_the_same_figures_and_weights_as_one_that_was_left_alone(
    folder: Path, left_alone: list[dict[str, float]]
) -> None:
    killed = start(folder / "killed", pause=60)
    assert killed.stdout and json.loads(killed.stdout.readline())["epoch"] == 1
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    resumed = told(start(folder / "killed"))
    assert [row.get("epoch") for row in resumed] == [2, 3, None]
    assert resumed == left_alone[1:]


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_every_backend_learns_the_same_as_jax_from_the_same_seed(
    folder: Path, left_alone: list[dict[str, float]], backend: str
) -> None:
    if backend == "torch" and not find_spec("torch"):
        pytest.skip("PyTorch is not installed: it is a choice of whoever trains, not a requirement")
    other = told(start(folder / backend, backend))
    for figure in ("loss", "triplet", "positive_distance", "negative_distance"):  # the identity head's start differs
        assert other[0][figure] == pytest.approx(left_alone[0][figure], rel=1e-2)


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_every_backend_learns_in_half_precision_what_it_learns_in_full(
    folder: Path, left_alone: list[dict[str, float]], backend: str
) -> None:
    if backend == "torch" and not find_spec("torch"):
        pytest.skip("PyTorch is not installed: it is a choice of whoever trains, not a requirement")
    half = told(start(folder / f"{backend}-half", backend, epochs=1, precision="bfloat16"))
    assert half[0]["triplet"] == pytest.approx(left_alone[0]["triplet"], rel=0.1)
