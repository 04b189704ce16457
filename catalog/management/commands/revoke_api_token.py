"""manage.py revoke_api_token KEY"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.models import ApiToken


class Command(BaseCommand):
    help = "Revoke a client's token, at once and for good. Without KEY: list the tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", nargs="?", help="the first 15 characters of the token, or all of it")

    def handle(self, *args: Any, key: str | None, **options: Any) -> None:
        tokens = ApiToken.objects.select_related("user")
        if not key:
            for token in tokens:
                expiry = f"expires {token.expiry:%Y-%m-%d}" if token.expiry else "does not expire"
                self.stdout.write(f"{token.token_key}  {token.name}  {token.user}  {' '.join(token.scopes)}  {expiry}")
            return
        revoked = tokens.filter(token_key=key[:15])
        if not revoked:
            raise CommandError(f"There is no token that begins with {key[:15]}.")
        for token in revoked:
            self.stdout.write(f"Revoked: {token.name}, of {token.user}.")
            token.delete()
