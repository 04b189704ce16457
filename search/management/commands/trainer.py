import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.trainer import run_trainer
from search.trainings import can_train_here


class Command(BaseCommand):
    help = (
        "Train what staff ask for in the admin, one training at a time, until SIGTERM or Ctrl-C. A worker does so "
        "where training's packages are installed; this is for a machine of its own, with an accelerator perhaps."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not can_train_here():
            raise CommandError("Training needs more than serving, and that is not installed here. Run: make training")
        stopping = False

        def stop(number: int, frame: FrameType | None) -> None:
            nonlocal stopping
            stopping = True

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, stop)
        run_trainer(lambda: stopping)
