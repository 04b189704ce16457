"""What a photo costs is known from its header: hostile ones get a sentence, and this process stays small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catalog.benchmarks.hostile_photos import hostile_photos
from catalog.photos.decoders import decode_photo
from catalog.photos.errors import UnreadablePhoto
from catalog.photos.validation import InvalidPhoto, check_photo

LIMITS = {"max_bytes": 20_000_000, "max_pixels": 50_000_000}


def resident() -> int:
    """The peak of this process's memory since it was last reset, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1000


def test_hostile_photos_are_answered_by_their_headers_and_cost_this_process_nothing(settings) -> None:
    settings.PHOTO_DECODE_SECONDS = 60
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    for name, data, code in hostile_photos():
        before = resident()
        try:
            decode_photo(data, **LIMITS, target=224)
            found = None
        except UnreadablePhoto as problem:
            found = problem.code
            assert str(problem)
        assert found == code, name
        assert resident() - before < 4 * len(data) + 20_000_000, name


def test_the_catalogue_refuses_what_no_decoder_would_take() -> None:
    for name, data, code in hostile_photos():
        if code in ("too_costly", "too_many_pixels"):
            with pytest.raises(InvalidPhoto):
                check_photo(data)
                pytest.fail(name)
