"""A ZIP archive of photos, unpacked where a folder is needed."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from django.utils.translation import gettext as _

from catalog.imports.sources import UNREADABLE, Archive
from catalog.imports.tables import UnusableSource


def unpack(source: Path, folder: Path, suffixes: Collection[str]) -> None:
    """Write what ends in `suffixes` to `folder`, which is made anew; a single folder around all of it is left out.

    Raises UnusableSource: no ZIP archive, a hostile one, nothing of use in it, no room.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(source) as packed:
            archive = Archive(packed)
            names = [name for name in archive.names() if PurePosixPath(name).suffix.lower() in suffixes]
            if not names:
                raise UnusableSource(_("The archive holds no photos."))
            tops = {PurePosixPath(name).parts[0] for name in names}
            around = len(tops) == 1 and all(len(PurePosixPath(name).parts) > 1 for name in names)
            for name in names:
                parts = PurePosixPath(name).parts
                target = folder.joinpath(*parts[around:])
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as file, target.open("wb") as written:
                    shutil.copyfileobj(file, written)  # zipfile stops at the size that was checked
    except UNREADABLE as error:
        raise UnusableSource(_("The archive cannot be unpacked: %(reason)s") % {"reason": error}) from error
