"""The disk fills up in mid-training: a sentence, nothing half-written, and the run goes on once there is room."""

import json
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ml.tests.drawing import draw

# The network's weights are 16 MB, a checkpoint (weights, two moments and the moving average) is 64 MB.
SMALL = {"backbone": "mobilenet", "input_size": 32, "epochs": 2, "steps": 2, "p": 2, "k": 2, "val_fraction": 0.4}
FIRST_EPOCH_FITS, ALL_FITS = "100m", "400m"


@pytest.fixture
def photos(tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr("ml.training.runs.NEEDED_BYTES", 0)
    for product in range(6):
        for view in range(3):
            draw(tmp_path / "photos" / f"{product}_{view}.png", seed=product)
    return tmp_path / "photos"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of FIRST_EPOCH_FITS."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or _mount(disk, FIRST_EPOCH_FITS):
        pytest.skip("only root, where it may mount, can have a small disk made")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def _mount(disk: Path, size: str, *options: str) -> int:
    joined = ",".join([f"size={size}", *options])
    return subprocess.run(["mount", "-t", "tmpfs", "-o", joined, "tmpfs", disk], capture_output=True).returncode


def train(**options: Any) -> None:
    call_command("train_triplet", **options)


def stopped(**options: Any) -> str:
    with pytest.raises(CommandError) as error:
        train(**options)
    assert error.value.returncode == 1
    return str(error.value)


def test_training_goes_on_when_there_is_room_again(photos: Path, small_disk: Path) -> None:
    said = stopped(data=[str(photos)], out=small_disk, **SMALL)
    (run,) = small_disk.iterdir()
    assert said == (f"Training stopped: No space left on device. Go on with: manage.py train_triplet --resume {run}")
    assert {path.name for path in run.iterdir()} == {"run.json", "best.weights.h5", "checkpoint.npz", "history.csv"}

    with pytest.raises(CommandError, match="could not be written, the run is as it was: No space left on device"):
        call_command("export_model", str(run))
    assert [path.name for path in small_disk.iterdir()] == [run.name]

    assert not _mount(small_disk, ALL_FITS, "remount")
    train(resume=run)
    (finished,) = small_disk.iterdir()
    assert not finished.name.endswith(".unfinished")
    assert len((finished / "history.csv").read_text().splitlines()) == 3
    assert json.loads((finished / "card.json").read_text())["training"]["epochs"] == 2
    assert not [path for path in finished.iterdir() if path.name.startswith("new.")]


def test_a_run_without_a_whole_checkpoint_leaves_nothing(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "elsewhere"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000_000, hard))  # more than the weights, less than a checkpoint
    try:
        said = stopped(data=[str(photos)], out=out, **SMALL)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert said == "Training stopped: File too large. Nothing of it is kept."
    assert not list(out.iterdir())
