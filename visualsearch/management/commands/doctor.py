import sys
from typing import Any

from django.core.management.base import BaseCommand

from visualsearch.doctor import examine


class Command(BaseCommand):
    help = "Look whether all is well, and say in plain words what is not. Exit status 1 if anything is wrong."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for finding in examine():
            wrong += not finding.well
            mark = self.style.SUCCESS("ok   ") if finding.well else self.style.ERROR("WRONG")
            self.stdout.write(f"{mark} {finding.subject}: {finding.sentence}")
        if wrong:
            sys.exit(1)
