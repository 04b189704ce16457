"""The admin of searches, models and trainings, and what search adds to the admin of products."""

from search.admin import models, pairs, products, queries, trainings  # noqa: F401
