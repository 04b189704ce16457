"""The queue in Postgres, with what django-q leaves open: tasks of a worker that is stopped are handed back at once.

A task that a worker took is locked for Q_RETRY seconds. A worker that is told to stop and cannot finish is killed, and
its task would lie idle until then: so the broker notes what it took and what was done, in a file that the command
`worker` names and reads after the end.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.dispatch import receiver
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.models import OrmQ
from django_q.signals import pre_enqueue, pre_execute

from visualsearch.logs import request_id

NOTES = "VISUALSEARCH_TASKS_TAKEN"  # environment variable: the file


class HandsBack(ORM):
    def dequeue(self) -> Any:
        tasks = super().dequeue()
        for pk, _ in tasks or ():
            _note(f"+{pk}")
        return tasks

    def delete(self, task_id: int) -> None:
        super().delete(task_id)
        _note(f"-{task_id}")


def _note(line: str) -> None:
    if path := os.environ.get(NOTES):
        with Path(path).open("a") as notes:  # appended in one write: pusher and monitor are two processes
            notes.write(line + "\n")


def hand_back(notes: Path) -> int:
    """Whatever was taken and not done may be taken by another worker now; how many tasks that are."""
    taken: set[int] = set()
    for line in notes.read_text().split():
        if line[0] == "+":
            taken.add(int(line[1:]))
        else:
            taken.discard(int(line[1:]))
    return OrmQ.objects.filter(pk__in=taken).update(lock=timezone.now()) if taken else 0


@receiver(pre_enqueue)
def remember_request(task: dict[str, Any], **kwargs: Any) -> None:
    """A task's log lines carry the id of the request that queued it."""
    if identifier := request_id.get():
        task["request_id"] = identifier


@receiver(pre_execute)
def recall_request(task: dict[str, Any], **kwargs: Any) -> None:
    request_id.set(task.get("request_id") or task.get("id", ""))
