"""How near a result is, in words and as a bar."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ml.models import ModelVersion

# By the share of answers that are right at such a score, as the model's card tells (see closeness_steps).
WORDS = [(0.9, _("Very close match")), (0.67, _("Close match"))]
UNCALIBRATED = 0.5  # stands in for ModelVersion.min_score until the model was evaluated
UNMEASURED = [
    (0.75, 0.9),
    (0.45, 0.67),
]  # in place of steps: how far up from min_score to the same picture, and the share


@dataclass(frozen=True)
class Closeness:
    words: str | Promise
    percent: int  # 0..100, the length of the bar


def closeness(score: float, model: ModelVersion | None) -> Closeness:
    """From the threshold under which nothing is alike (a fifth of the bar) to the very same picture (all of it)."""
    threshold = UNCALIBRATED if model is None or model.min_score is None else model.min_score
    above = (score - threshold) / (1 - threshold) if threshold < 1 else score - threshold
    percent = round(100 * min(max(0.2 + 0.8 * above, 0.03), 1))
    if above < 0:
        return Closeness(_("Hardly alike"), percent)
    measured = model.closeness if model else []
    steps = measured or [(threshold + part * (1 - threshold), right) for part, right in UNMEASURED]
    right = next((right for least, right in steps if score >= least), 0.0)
    return Closeness(next((words for least, words in WORDS if right >= least), _("Similar")), percent)
