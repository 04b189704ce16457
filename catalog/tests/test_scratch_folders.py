"""What a process that was killed was putting together is deleted by the next one, and nothing else is."""

import os
import subprocess
import sys
import time
from pathlib import Path

from catalog import scratch_folders
from catalog.scratch_folders import scratch_folder

MAKER = """
import sys, time
from pathlib import Path
from catalog.scratch_folders import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("x")
    print(folder, flush=True)
    time.sleep(600)
"""


def start(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    maker = subprocess.Popen([sys.executable, "-c", MAKER, parent], stdout=subprocess.PIPE, text=True)
    assert maker.stdout
    folder = Path(maker.stdout.readline().strip())
    an_hour_ago = time.time() - 3600
    os.utime(folder, (an_hour_ago, an_hour_ago))
    return maker, folder


def test_a_folder_of_a_killed_process_is_deleted_and_one_of_a_living_process_is_not(tmp_path: Path) -> None:
    (killed, left), (alive, used) = start(tmp_path), start(tmp_path)
    killed.kill()
    killed.wait()
    with scratch_folder(tmp_path):
        assert not left.exists() and (used / "half").exists()
    alive.kill()
    alive.wait()
    with scratch_folder(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_made_just_now_is_left_alone(tmp_path: Path) -> None:
    young = tmp_path / f"{scratch_folders.PREFIX}young"
    young.mkdir()
    with scratch_folder(tmp_path) as folder:
        assert sorted(tmp_path.iterdir()) == sorted([folder, young])
