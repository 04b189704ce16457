"""The scripts of docs/learning.md start: nothing else imports them."""

import subprocess
import sys

import pytest
from django.conf import settings


@pytest.mark.parametrize("script", ["ablations.py", "train_bundled_model.py"])
def test_a_script_says_how_it_is_used(script: str) -> None:
    told = subprocess.run([sys.executable, f"scripts/{script}", "--help"], cwd=settings.BASE_DIR, capture_output=True)
    assert told.returncode == 0 and b"usage:" in told.stdout, told.stderr
