"""The names of files in ZIP archives, as whoever packed them meant them, and names that are the same to people."""

from __future__ import annotations

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable
from urllib.parse import unquote

_UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075  # Info-ZIP's extra field
_LEGACY = ("cp437", "cp850", "cp1252", "cp852", "cp1250")  # DOS, Windows; the first that fits best


def decoded_names(entries: Iterable[zipfile.ZipInfo]) -> dict[int, str]:
    """{header offset: path with slashes, composed (NFC)}.

    macOS writes UTF-8 without saying so, Windows its own code pages and sometimes backslashes.
    """
    entries = list(entries)
    raw = {entry.header_offset: _raw(entry) for entry in entries}
    old = [name for entry in entries if (name := raw[entry.header_offset]) is not None and not _is_utf8(name)]
    legacy = max(_LEGACY, key=lambda encoding: sum(_plausible(name, encoding) for name in old)) if old else "cp437"
    names = {}
    for entry in entries:
        data = raw[entry.header_offset]
        encoding = "utf-8" if data is None or _is_utf8(data) else legacy
        path = entry.orig_filename if data is None else data.decode(encoding, "replace")
        names[entry.header_offset] = unicodedata.normalize("NFC", path.replace("\\", "/"))
    return names


def folded_name(path: str) -> str:
    """The same for names that differ in case, Unicode form, slashes or `./` alone."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", "/".join(parts)).casefold())


def spellings(path: str) -> list[str]:
    """`path` as it is written, and percent-decoded where it is not that: `two%20words.jpg`."""
    return [path, unquote(path)] if "%" in path else [path]


def _raw(entry: zipfile.ZipInfo) -> bytes | None:
    """The bytes of a name that does not say how it is encoded; None where it does, or is plain ASCII."""
    if entry.flag_bits & _UTF8_FLAG or entry.orig_filename.isascii():
        return None
    data = entry.orig_filename.encode("cp437", "replace")  # as zipfile decoded it
    return _unicode_path(entry.extra, data) or data


def _unicode_path(extra: bytes, name: bytes) -> bytes | None:
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(field) > 5 and struct.unpack("<I", field[1:5])[0] == zlib.crc32(name):
            return field[5:]
    return None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _plausible(name: bytes, encoding: str) -> float:
    """How many of the letters beyond ASCII are Latin letters in this encoding; capitals within words count little."""
    score = 0.0
    text = name.decode(encoding, "replace")
    for before, letter in zip(" " + text, text, strict=False):
        if letter > "\x7f":
            latin = unicodedata.name(letter, "").startswith("LATIN")
            usual = 0.5 if letter in "äöüÄÖÜßéèàçñáíóúÉ" else 0
            score += (0.2 if letter.isupper() and before.islower() else 1 + usual) if latin else -1
    return score
