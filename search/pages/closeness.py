"""The similarity of a result as a label and a bar."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ml.verdict import CLOSE, VERY_CLOSE, Likelihood

KIND_SHARE = 0.6  # share of the bar that a certain match of kind alone fills


@dataclass(frozen=True)
class Closeness:
    words: str | Promise
    percent: int  # 0..100, the length of the bar


def closeness(likelihood: Likelihood | None) -> Closeness | None:
    """Label and bar for a likelihood; None under a model without calibration. Labels have the precision given in
    ml.verdict.
    """
    if likelihood is None:
        return None
    percent = max(3, round(100 * max(likelihood.product, KIND_SHARE * likelihood.kind)))
    if likelihood.product >= VERY_CLOSE:
        return Closeness(_("Very close match"), percent)
    if likelihood.product >= CLOSE:
        return Closeness(_("Close match"), percent)
    return Closeness(_("Similar") if likelihood.is_alike else _("Hardly alike"), percent)
