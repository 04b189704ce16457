"""Static files with hashes in their names, once collectstatic ran; before that, from where they lie."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class CollectedOrNotStorage(CompressedManifestStaticFilesStorage):
    """What the last collectstatic did not see keeps its plain address, at which WHITENOISE_USE_FINDERS serves it."""

    def stored_name(self, name: str) -> str:
        try:
            return str(super().stored_name(name))
        except ValueError:  # not in the manifest, or there is none
            return name
