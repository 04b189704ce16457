"""`train_triplet` is killed and resumed as one would on the command line: nothing in the outcome tells."""

import json
import os
import re
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings as project
from django.core.management import call_command

from ml.tests.drawing import draw

SMALL = ["--backbone", "mobilenet", "--input-size", "32", "--epochs", "3", "--steps", "2", "--p", "2", "--k", "2"]


def outcome(folder: Path) -> dict[str, Any]:
    """Every figure of a finished run but its speed."""
    card = json.loads((folder / "card.json").read_text())
    history = [line.split(",") for line in (folder / "history.csv").read_text().splitlines()]
    speed = history[0].index("photos_per_second")
    return {"metrics": card["metrics"], "history": [row[:speed] + row[speed + 1 :] for row in history]}


def test_a_killed_training_is_resumed_to_the_same_figures(tmp_path: Path, settings) -> None:
    settings.VAR_DIR = tmp_path
    for product in range(6):
        for view in range(3):
            draw(tmp_path / "photos" / f"{product}_{view}.png", seed=product)
    what = ["--data", str(tmp_path / "photos"), "--val-fraction", ".4", *SMALL]

    out = tmp_path / "killed"
    killed = subprocess.Popen(
        [sys.executable, "manage.py", "train_triplet", *what, "--out", str(out)],
        cwd=project.BASE_DIR,
        env=os.environ | {"VAR_DIR": str(tmp_path / "var")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert killed.stdout
    while not killed.stdout.readline().startswith("epoch 1"):
        assert killed.poll() is None
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    (run,) = out.iterdir()
    assert run.name.endswith(".unfinished") and not (run / "card.json").exists()
    call_command("train_triplet", "--resume", str(run), stdout=(said := StringIO()))
    assert re.search(r"^epoch 3 of 3: .* 0 minutes left$", said.getvalue(), re.MULTILINE)
    (resumed,) = out.iterdir()

    call_command("train_triplet", *what, "--out", str(tmp_path / "alone"))
    (alone,) = (tmp_path / "alone").iterdir()
    assert len(outcome(alone)["history"]) == 4
    assert outcome(resumed) == outcome(alone)
