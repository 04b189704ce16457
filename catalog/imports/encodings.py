"""In which encoding a list is written: its mark, strict UTF-8, else a guess that people are shown."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import charset_normalizer
from django.utils.translation import gettext_lazy as _

EVIDENCE_BYTES = 1 << 16  # of lines with letters beyond ASCII: what a guess is made from
_CHUNK = 1 << 18

_WEST = (
    "äöüßÄÖÜ",  # German
    "àâæçéèêëîïôœùûÿÀÂÇÉÈÊËÎÔŒÙÛ",  # French
    "áéíñóúüÁÉÍÑÓÚ",  # Spanish
    "áâãàçéêíóôõúÁÂÃÀÇÉÊÍÓÔÕÚ",  # Portuguese
    "àèéìíîòóùúÀÈÉÌÒÙ",  # Italian
    "åäöæøéÅÄÖÆØÉ",  # Nordic
)
_EAST = (
    "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ",  # Polish
    "áäčďéěíĺľňóôŕřšťúůýžÁČĎÉĚÍĹĽŇÓÔŔŘŠŤÚŮÝŽ",  # Czech, Slovak
    "áéíóöőúüűÁÉÍÓÖŐÚÜŰ",  # Hungarian
    "ăâîşţĂÂÎŞŢ",  # Romanian
    "čćđšžČĆĐŠŽ",  # Croatian, Slovene
)
_TURKISH = ("çğıöşüâîûÇĞİÖŞÜ",)
_CYRILLIC = ("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЁІЇЄҐЎ",)
_GREEK = ("αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΆΈΉΊΌΎΏ",)
_VOWELS = frozenset("аеёиоуыэюяіїєαεηιουωάέήίόύώ")
_SIGNS = "€£–—„“”‚‘’…•®™©°×²³½«»§·¡¿\xa0"
# Characters that Chinese shops write most, in both scripts.
_COMMON = frozenset(
    "的一是不了人我在有他这這中大来來上国國个個到说說们們为為子和你地出道也时時年得就那要下以生会會自着去之过過家学學对對可里裡后後小"
    "新款女男装裝鞋包色白黑红紅蓝藍绿綠灰黄黃粉紫米杯茶碗盘盤灯燈椅桌床布衣裤褲裙衫帽表手机機电電脑腦器用品套件件双雙长長短袖高低圆圓方花木"
    "金银銀铁鐵皮棉丝絲纯純真正品牌价價格元咖啡水果食油香化妆妝护護肤膚儿兒童玩具书書本笔筆纸紙车車户外運运动動"
)
# In the order in which they are believed where they fit alike.
_LANGUAGES = {
    "cp1252": _WEST,
    "cp1250": _EAST,
    "iso8859_2": _EAST,
    "mac_roman": _WEST,
    "cp1254": _TURKISH,
    "cp1251": _CYRILLIC,
    "koi8_r": _CYRILLIC,
    "cp1253": _GREEK,
    "cp850": _WEST,
    "mac_latin2": _EAST,
    "cp852": _EAST,
}

# What staff may choose from where the guess is wrong.
CHOICES = (
    ("utf-8-sig", "UTF-8"),
    ("cp1252", _("Western Europe (Windows-1252)")),
    ("mac_roman", _("Western Europe (Macintosh)")),
    ("cp850", _("Western Europe (DOS 850)")),
    ("cp1250", _("Central Europe (Windows-1250)")),
    ("iso8859_2", _("Central Europe (ISO 8859-2)")),
    ("cp852", _("Central Europe (DOS 852)")),
    ("cp1257", _("Baltic (Windows-1257)")),
    ("cp1251", _("Cyrillic (Windows-1251)")),
    ("koi8_r", _("Cyrillic (KOI8-R)")),
    ("cp866", _("Cyrillic (DOS 866)")),
    ("cp1253", _("Greek (Windows-1253)")),
    ("cp1254", _("Turkish (Windows-1254)")),
    ("cp1255", _("Hebrew (Windows-1255)")),
    ("cp1256", _("Arabic (Windows-1256)")),
    ("cp874", _("Thai (Windows-874)")),
    ("cp1258", _("Vietnamese (Windows-1258)")),
    ("cp932", _("Japanese (Shift JIS)")),
    ("euc_jp", _("Japanese (EUC)")),
    ("gb18030", _("Chinese, simplified (GB 18030)")),
    ("big5hkscs", _("Chinese, traditional (Big5)")),
    ("cp949", _("Korean (Windows-949)")),
)


@dataclass(frozen=True)
class Encoding:
    name: str
    guessed: bool = False
    sample: str = ""  # of what the guess makes of the file: for people to judge
    bad_bytes: int = 0  # that are no text: each garbles one letter


def detect_encoding(file: BinaryIO) -> Encoding:
    """The encoding of all of `file`, which is read in pieces to its end."""
    start = file.read(_CHUNK)
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return Encoding(name)
    half = len(start[:400]) // 2
    if half and start[1:400:2].count(0) > half // 2:
        return Encoding("utf-16-le")
    if half and start[0:400:2].count(0) > half // 2:
        return Encoding("utf-16-be")
    good, bad, evidence = _weigh(start, file)
    if not bad:
        return Encoding("utf-8-sig")
    if good > 3 * bad:
        return Encoding("utf-8-sig", bad_bytes=bad)
    name = _guess(evidence)
    lines = evidence.decode(name, "replace").splitlines()
    return Encoding(name, guessed=True, sample=max(lines[:50], key=_odd_letters, default="")[:200].strip())


def _weigh(start: bytes, file: BinaryIO) -> tuple[int, int, bytes]:
    """(letters in UTF-8 beyond ASCII, bytes that are not UTF-8, lines with either)."""
    good = bad = 0
    evidence: list[bytes] = []
    kept = 0
    rest, chunk = b"", start
    while chunk:
        if rest or not chunk.isascii():
            text, rest = rest + chunk, b""
            # up to the last whole line: no letter is cut in two
            end = text.rfind(b"\n") + 1
            if end and len(text) - end < _CHUNK:
                text, rest = text[:end], text[end:]
            for line in text.splitlines() if not text.isascii() else ():
                if line.isascii():
                    continue
                decoded = line.decode("utf-8", "surrogateescape")
                wrong = sum("\udc80" <= letter <= "\udcff" for letter in decoded)
                bad += wrong
                good += sum(letter > "\x7f" for letter in decoded) - wrong
                if kept < EVIDENCE_BYTES:
                    evidence.append(line[:2000])
                    kept += len(evidence[-1])
        chunk = file.read(_CHUNK)
    if rest and not rest.isascii():
        decoded = rest.decode("utf-8", "surrogateescape")
        wrong = sum("\udc80" <= letter <= "\udcff" for letter in decoded)
        bad, good = bad + wrong, good + sum(letter > "\x7f" for letter in decoded) - wrong
        evidence.append(rest[:2000])
    return good, bad, b"\n".join(evidence)


def _guess(evidence: bytes) -> str:
    lines = evidence.splitlines()[:400]
    if pairs := _double_byte(b"\n".join(lines)):
        return pairs
    scores = {name: sum(_score(line, name) for line in lines) for name in _LANGUAGES}
    best = max(scores, key=lambda name: scores[name])  # of equals the first
    if scores[best] > 0.4 * sum(byte > 0x7F for line in lines for byte in line):
        return best
    found = charset_normalizer.from_bytes(evidence, cp_exclusion=["utf_16", "utf_16_le", "utf_16_be", "utf_32"]).best()
    return found.encoding if found else best


def _double_byte(text: bytes) -> str:
    """The encoding of East Asian text; "" for other text.

    Told by what its pairs of bytes make: kana are Japanese, Hangul alone is Korean, and Chinese has common characters.
    """
    japanese = {name: _share(text, name, lambda sign: "\u3040" <= sign <= "\u30ff") for name in ("cp932", "euc_jp")}
    best = max(japanese, key=lambda name: japanese[name])
    if japanese[best] > 0.2:
        return best
    runs = re.findall(rb"[\x80-\xff]+", text)
    if sum(len(run) for run in runs if len(run) > 3) < 0.6 * sum(len(run) for run in runs):
        return ""  # letters with marks, which stand alone among others
    chinese = {name: _share(text, name, lambda sign: sign in _COMMON) for name in ("gb18030", "big5hkscs")}
    best = max(chinese, key=lambda name: chinese[name])
    if chinese[best] > 0.15:
        return best
    return "cp949" if _share(text, "cp949", lambda sign: "\uac00" <= sign <= "\ud7a3") > 0.95 else ""


def _share(text: bytes, encoding: str, wanted: Callable[[str], bool]) -> float:
    """How much of the letters beyond ASCII is wanted; 0 where a byte is none of this encoding."""
    try:
        letters = [letter for letter in text.decode(encoding) if letter > "\x7f"]
    except UnicodeDecodeError:
        return 0.0
    return sum(map(wanted, letters)) / len(letters)


def _score(line: bytes, encoding: str) -> float:
    """How much `line` looks like one of the languages of this encoding: at most 1 a letter beyond ASCII."""
    text = line.decode(encoding, "replace")
    foreign_alphabet = _LANGUAGES[encoding] in (_CYRILLIC, _GREEK)
    languages = (*_LANGUAGES[encoding], "".join(_LANGUAGES[encoding]))  # the last: several languages in one line
    scores = [0.0] * len(languages)
    for before, letter, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if letter <= "\x7f":
            continue
        for index, letters in enumerate(languages):
            if letter in letters:
                shouted = letter.isupper() and (before.islower() or (before.isalpha() and after.islower()))
                if foreign_alphabet:  # letters of two alphabets do not share a word
                    strange = "z" >= before.lower() >= "a" or "z" >= after.lower() >= "a"
                else:
                    strange = before > "\x7f" and after > "\x7f"
                scores[index] += -0.5 if shouted or strange else 1 if index < len(languages) - 1 else 0.8
                if foreign_alphabet and letter in _VOWELS:  # of two alphabets on the same bytes one makes words
                    scores[index] += 0.1
            elif letter in _SIGNS:
                scores[index] += -0.5 if before.isalpha() and after.isalpha() and letter != "’" else 0.4
            else:
                scores[index] -= 3 if unicodedata.category(letter) in ("Cc", "Cn", "So", "Co") else 1
    return max(scores)


def _odd_letters(line: str) -> int:
    return sum(letter > "\x7f" for letter in line[:200])
