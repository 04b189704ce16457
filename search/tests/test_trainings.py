"""Staff start a training in the admin; a trainer process carries it out, whoever is killed meanwhile."""

import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from ml.models import ModelVersion
from ml.tests.drawing import draw
from search import trainer, trainings
from search.benchmarks.web_process import database_url
from search.models import Training
from search.tests.accessibility import violations
from search.tests.real_worker import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

SMALL = {"start": "none", "backbone": "mobilenetv3small", "input_size": 32, "steps": 2, "p": 2, "k": 2}
SAID = {"data": "folder", "folder": "garden", **SMALL}
LONG = 180  # seconds: Keras alone takes ten to load


@pytest.fixture
def garden(tmp_path: Path, settings: Any) -> Path:
    """A folder of drawn photos that staff may learn from."""
    settings.TRAINING_ROOT, settings.UPLOADS_DIR = tmp_path / "training", tmp_path / "imports"
    for product in range(20):
        for view in range(3):
            draw(settings.TRAINING_ROOT / "garden" / f"{product}_{view}.png", seed=product)
    return settings.TRAINING_ROOT / "garden"


@pytest.fixture
def start_trainer(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """start_trainer(): `manage.py trainer` on the test's database and directories."""
    environment = {
        **os.environ,
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": "x",
        "DATABASE_URL": database_url(),
    }
    started: list[subprocess.Popen[bytes]] = []

    def start(command: str = "trainer") -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "manage.py", command], env=environment))
        return started[-1]

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


@pytest.fixture
def manager() -> Client:
    user = User.objects.create_user("manager", is_staff=True)
    user.groups.add(Group.objects.get(name="Model managers"))
    client = Client()
    client.force_login(user)
    return client


def ask_for(client: Client, **said: Any) -> Training:
    answer = client.post(reverse("admin:search_training_add"), SAID | said)
    assert answer.status_code == 302, answer.context["form"].errors
    return Training.objects.latest("pk")


def children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def test_a_model_is_trained_while_staff_watch(
    visit_admin: Callable[[str], Page], start_trainer: Callable[..., Any], garden: Path
) -> None:
    page = visit_admin("/admin/search/training/add/")
    expect(page.get_by_text("No trainer is running")).to_be_visible()
    page.get_by_label("Learn from").select_option("folder")
    page.get_by_label("Folder", exact=True).select_option("garden")
    page.get_by_label("Start from").select_option("none")
    page.get_by_label("Backbone").select_option("mobilenetv3small")
    page.get_by_label("Minutes").fill("")
    page.get_by_label("Or epochs").fill("3")
    page.get_by_text("More settings").click()
    for label, value in [("Input size", "32"), ("Batches", "2"), ("Products in a batch", "2"), ("Photos of each", "2")]:
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Waiting")
    start_trainer()
    expect(page.get_by_role("progressbar")).to_be_visible(timeout=1000 * LONG)
    expect(page.locator(".staff-curve")).to_have_count(2, timeout=1000 * LONG)
    assert violations(page, runOnly=["wcag2a", "wcag2aa"]) == []
    expect(page.get_by_role("status")).to_contain_text("Finished", timeout=1000 * LONG)
    training = Training.objects.get()
    assert training.version and training.version.state == ModelVersion.State.CANDIDATE
    assert [row["epoch"] for row in training.history] == [1, 2, 3]
    page.locator("#progress").get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name=training.version.version, exact=True)).to_be_visible()


def test_a_training_whose_trainer_is_killed_goes_on_with_the_next_one(
    manager: Client, start_trainer: Callable[..., Any], garden: Path
) -> None:
    training = ask_for(manager, minutes="", epochs=60)
    killed = start_trainer()
    wait_until(lambda: len(Training.objects.get().history) >= 2, LONG)
    (child,) = children(killed)
    killed.send_signal(signal.SIGKILL)
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 10)
    training.refresh_from_db()
    assert training.state == Training.State.RUNNING
    page = manager.get(reverse("admin:search_training_change", args=[training.pk])).content.decode()
    assert "Its trainer is gone." in page
    reached = len(training.history)
    Training.objects.update(epochs=60)
    start_trainer()
    wait_until(lambda: len(Training.objects.get().history) > reached, LONG)
    manager.post(reverse("admin:training_do", args=[training.pk, "stop"]))
    wait_until(lambda: not Training.objects.get().is_open, 60)
    training.refresh_from_db()
    assert training.state == Training.State.STOPPED
    assert [row["epoch"] for row in training.history] == list(range(1, len(training.history) + 1))
    manager.post(reverse("admin:training_do", args=[training.pk, "resume"]))
    wait_until(lambda: Training.objects.get().version is not None, LONG)
    assert len(Training.objects.get().history) == 60


DEAF = """
import json, time
for interrupt in range(2):
    try:
        while True:
            print(json.dumps({"event": "batch", "epoch": 1, "batch": 1}), flush=True)
            time.sleep(0.1)
    except KeyboardInterrupt:  # as a library's callback may
        pass
"""


def test_a_stop_that_was_lost_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "STOP_SECONDS", 10)
    sizes = {"input_size": 32, "steps": 2, "p": 2, "k": 2, "epochs": 1}
    training = Training.objects.create(data="catalogue", start="none", state="running", wants_stop=True, **sizes)
    child = subprocess.Popen(
        [sys.executable, "-c", DEAF],
        stdout=subprocess.PIPE,
        bufsize=0,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert child.stdout and child.stdout.readline()  # it has begun
        trainer._watch(training, child, lambda: False)
        assert child.wait(5) == 0
    finally:
        child.kill()
        child.wait()


def test_minutes_become_as_many_epochs_as_fit(
    manager: Client, start_trainer: Callable[..., Any], garden: Path, tmp_path: Path
) -> None:
    packed = tmp_path / "photos.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for photo in garden.iterdir():
            archive.write(photo, f"shop/{photo.name}")
        archive.write(packed.with_name("training") / "garden" / "0_0.png", "__MACOSX/shop/._0_0.png")
    training = ask_for(
        manager, data="upload", folder="", upload=SimpleUploadedFile("s.zip", packed.read_bytes()), minutes=1
    )
    assert training.planned_epochs is None
    start_trainer()
    wait_until(lambda: bool(Training.objects.get().planned_epochs or Training.objects.get().error), LONG)
    manager.post(reverse("admin:training_do", args=[training.pk, "stop"]))
    training.refresh_from_db()
    assert training.planned_epochs and training.planned_epochs > 2
    wait_until(lambda: not Training.objects.get().is_open, 60)
    folder = Path(training.source).parent
    assert folder.is_dir()
    manager.post(reverse("admin:search_training_delete", args=[training.pk]), {"post": "yes"})
    assert not Training.objects.exists() and not folder.exists()


def test_a_training_that_cannot_be_says_why(manager: Client, start_trainer: Callable[..., Any], garden: Path) -> None:
    for photo in garden.iterdir():
        if not photo.name.endswith("_0.png"):
            photo.unlink()
    ask_for(manager, minutes="", epochs=1)
    (unusable,) = [ask_for(manager, data="upload", upload=SimpleUploadedFile("s.zip", b"no ZIP"), minutes="", epochs=1)]
    start_trainer()
    wait_until(lambda: Training.objects.filter(state="failed").count() == 2, LONG)
    assert "No product has two photos" in Training.objects.earliest("pk").error
    unusable.refresh_from_db()
    assert "cannot be unpacked" in unusable.error


def test_a_training_that_takes_its_trainers_with_it_is_given_up(manager: Client, garden: Path) -> None:
    from search.trainer import MOST_ATTEMPTS, train

    training = ask_for(manager, minutes="", epochs=1)
    training.state, training.attempts = Training.State.RUNNING, MOST_ATTEMPTS
    train(training, lambda: False)
    training.refresh_from_db()
    assert (training.state, "Is there enough memory?" in training.error) == (Training.State.FAILED, True)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"folder": ""}, "folder"),
        ({"folder": "../../etc"}, "folder"),
        ({"data": "upload"}, "upload"),
        ({"epochs": 1, "minutes": 1}, "minutes"),
        ({"epochs": "", "minutes": ""}, "minutes"),
        ({"epochs": 1, "minutes": "", "input_size": 33}, "input_size"),
        ({"epochs": 1, "minutes": "", "backbone": ""}, "backbone"),
        ({"epochs": 1, "minutes": "", "fast": "on"}, "fast"),
        ({"epochs": 1, "minutes": "", "start": "no-such-version"}, "start"),
    ],
)
def test_what_makes_no_training_is_said_at_its_field(manager: Client, garden: Path, said: Any, field: str) -> None:
    answer = manager.post(reverse("admin:search_training_add"), SAID | {"minutes": 1} | said)
    assert list(answer.context["form"].errors) == [field]
    assert not Training.objects.exists()


def test_catalogue_staff_may_not_train(garden: Path) -> None:
    user = User.objects.create_user("clerk", is_staff=True)
    user.groups.add(Group.objects.get(name="Catalogue staff"))
    client = Client()
    client.force_login(user)
    training = Training.objects.create(data="catalogue", name="x", epochs=1, **SMALL)
    pages = [("search_training_changelist", []), ("search_training_add", []), ("search_training_change", [training.pk])]
    steps = [("training_progress", [training.pk])]
    assert {client.get(reverse(f"admin:{name}", args=args)).status_code for name, args in pages + steps} == {403}
    assert client.post(reverse("admin:training_do", args=[training.pk, "stop"])).status_code == 403


def test_a_worker_brings_a_trainer_and_takes_it_along_when_it_is_killed(
    start_trainer: Callable[..., Any], garden: Path
) -> None:
    worker = start_trainer("worker")
    wait_until(trainings.has_trainer, 30)
    worker.send_signal(signal.SIGKILL)
    wait_until(lambda: not trainings.has_trainer(), 30)


def test_without_the_packages_a_trainer_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainings, "NEEDED", ("keras_of_nobody",))
    with pytest.raises(CommandError, match="make training"):
        call_command("trainer")


def test_a_process_that_serves_or_trains_for_staff_never_imports_keras() -> None:
    code = (
        "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'visualsearch.settings'; django.setup();"
        "import search.trainer, search.admin, visualsearch.management.commands.worker as worker;"
        "assert worker.trainings.can_train_here();"
        "sys.exit(len({'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
