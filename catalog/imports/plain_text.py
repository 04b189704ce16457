"""HTML as shops keep it in descriptions, as the text that a shopper reads."""

from __future__ import annotations

import html
import re

import nh3

_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|<!--|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]{2,31});")
_LINES = ("br", "li", "tr", "dt", "dd")  # a new line before
_PARAGRAPHS = ("p", "div", "ul", "ol", "dl", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "section")


def plain_text(text: str) -> str:
    """`text` without markup: a line for each item, an empty line between paragraphs. Text without markup stays."""
    if not _MARKUP.search(text):
        return text.strip()
    # nh3 reads as a browser does: what is not closed is closed, the content of script and style is gone.
    cleaned = nh3.clean(text, tags={*_LINES, *_PARAGRAPHS}, attributes={}, link_rel=None)
    cleaned = re.sub(r"[ \t\r\n\xa0]+", " ", cleaned)
    cleaned = re.sub(rf"\s*<(?:{'|'.join(_LINES)})>\s*", "\n", cleaned)
    cleaned = re.sub(rf"\s*</?(?:{'|'.join(_PARAGRAPHS)})>\s*", "\n\n", cleaned)
    cleaned = html.unescape(re.sub(r"<[^<>]*>", "", cleaned)).replace("\xa0", " ")
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" *\n *", "\n", cleaned)).strip()


def plain_title(text: str) -> str:
    """A title on one line; one that is nothing but markup stays as it is written."""
    return " ".join(plain_text(text).split()) or text.strip()
