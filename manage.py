#!/usr/bin/env python
"""Django's command line for Visualsearch."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db.utils import OperationalError

from visualsearch.database import no_connection

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visualsearch.settings")
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if not no_connection(error):
            raise
        sys.exit(f"There is no database: {error}")
