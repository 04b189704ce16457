"""The benchmark runs and says what it measured; its timings are nobody's test."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ml.tests.tiny_model import write_tiny_model


def test_every_part_is_reported_and_what_was_not_measured_is_said(tmp_path: Path) -> None:
    out = StringIO()
    call_command("bench_embed", model=write_tiny_model(tmp_path), photos=16, rounds=1, stdout=out)
    report = out.getvalue()
    for part in ("1024 px JPEG", "12-megapixel JPEG", "photos/s", "budget 0.85", "Keras predict: not measured"):
        assert part in report


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be loaded"):
        call_command("bench_embed", model=tmp_path)
