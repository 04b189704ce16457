"""How near a result is, in words and as a bar."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

UNCALIBRATED = 0.5  # stands in for ModelVersion.min_score until the model was evaluated
WORDS = [(0.75, _("Very close match")), (0.45, _("Close match")), (0.0, _("Similar"))]


@dataclass(frozen=True)
class Closeness:
    words: str | Promise
    percent: int  # 0..100, the length of the bar


@register.simple_tag
def closeness(score: float, min_score: float | None) -> Closeness:
    """From the threshold under which nothing is alike (a fifth of the bar) to the very same picture (all of it)."""
    threshold = UNCALIBRATED if min_score is None else min_score
    above = (score - threshold) / (1 - threshold)  # 0 at the threshold, 1 for the same picture
    words = next((words for least, words in WORDS if above >= least), _("Hardly alike"))
    return Closeness(words, round(100 * min(max(0.2 + 0.8 * above, 0.03), 1)))
