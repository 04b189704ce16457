"""manage.py make_api_token NAME --user USER --scope SCOPE... [--days N]"""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from catalog.models import ApiToken, Scope


class Command(BaseCommand):
    help = "Make a token for a client of the API and print it, this once. It acts for USER, within its scopes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="of the client: what it is, where it runs")
        parser.add_argument("--user", required=True, help="the account it acts for")
        parser.add_argument("--scope", required=True, nargs="+", choices=Scope.values, help="what it may be used for")
        parser.add_argument("--days", type=int, default=365, help="until it expires (365)")

    def handle(self, *args: Any, name: str, user: str, scope: list[str], days: int, **options: Any) -> None:
        if not 1 <= days <= 3650:
            raise CommandError("--days must be from 1 to 3650.")
        account = User.objects.filter(username=user, is_active=True).first()
        if account is None:
            raise CommandError(f"There is no active account called {user}.")
        scopes = sorted(set(scope))
        _row, token = ApiToken.objects.create(account, expiry=timedelta(days=days), name=name[:100], scopes=scopes)
        self.stdout.write(token)
