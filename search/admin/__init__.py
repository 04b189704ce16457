"""What the search adds to the admin."""

from search.admin import models, pairs, products, queries, trainings  # noqa: F401
