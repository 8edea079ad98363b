"""HTML mail: its words, laid out roughly as they were, and a form of it that is safe to show."""

from __future__ import annotations

import html as entities
import re
from collections import Counter
from typing import Final
from urllib.parse import unquote

import nh3
from inscriptis import Inscriptis  # type: ignore[import-untyped, unused-ignore]
from inscriptis.css_profiles import CSS_PROFILES  # type: ignore[import-untyped, unused-ignore]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped, unused-ignore]
from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

LONGEST: Final = 500_000
"""In characters; longer pages are read as words only, without their layout."""
DEEPEST: Final = 200

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})")
_CLOSES_BY_ITSELF: Final = frozenset(
    {"p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "br", "hr"}
    | {"img", "input", "meta", "link", "area", "base", "col", "wbr"}
)
_BLOCKS: Final = frozenset(
    {"address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "div"}
    | {"dl", "dt", "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul"}
)
_UNSEEN: Final = ("script", "style", "title", "template", "noscript", "textarea", "xml")
_WRAPPED = re.compile("(?<=[\u3000-\u9fff\uff00-\uff60])\r?\n(?=[\u3000-\u9fff\uff00-\uff60])")
"""A line break in Japanese source is no space between words."""
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")
_QUOTE_BEGINS, _QUOTE_ENDS = "\ue010", "\ue011"
_MARKS = re.compile(f"[{_QUOTE_BEGINS}{_QUOTE_ENDS}]")

_ATTRIBUTES: Final = {
    "*": {"align", "dir", "lang", "style", "title", "valign"},
    "a": {"href"},
    "blockquote": {"type"},
    "col": {"span", "width"},
    "font": {"color", "size"},
    "img": {"alt", "height", "src", "width"},
    "ol": {"start", "type"},
    "table": {"border", "cellpadding", "cellspacing", "width"},
    "td": {"bgcolor", "colspan", "height", "rowspan", "width"},
    "th": {"bgcolor", "colspan", "height", "rowspan", "width"},
    "tr": {"bgcolor"},
}
_TAGS: Final = nh3.ALLOWED_TAGS | {"center", "font"}
_STYLES: Final = {
    "background-color",
    "color",
    "font-style",
    "font-weight",
    "text-align",
    "text-decoration",
    "white-space",
}
_PICTURE = re.compile(r"cid:[^\s]{1,500}|data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")


def words(page: str) -> str:
    """The words of a page, in order: a link's target stands behind it where it says more than the
    words, and every quoted line begins with `> `."""
    page = page.replace("\0", "").translate({0xE010: None, 0xE011: None})
    text = ""
    if len(page) <= LONGEST and not is_too_deep(page):
        text = _laid_out(page)
    if not text.strip():
        text = _bare(page)
    return _BLANK_LINES.sub("\n\n", _quoted(text.replace("\xa0", " "))).strip("\n")


def safe(page: str) -> str | None:
    """The page without scripts, forms, and anything that is fetched from elsewhere, so that nobody
    learns who reads it when; None where it is too long or too deep for that."""
    if len(page) > LONGEST or is_too_deep(page):
        return None
    cleaned: str = nh3.clean(
        page.replace("\0", ""),
        tags=_TAGS,
        clean_content_tags={"script", "style", "title", "template", "noscript", "textarea"},
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )
    return cleaned.strip() or None


def is_too_deep(page: str) -> bool:
    """Whether so many elements lie within each other that reading them takes too long."""
    opened: Counter[str] = Counter()
    deepest = 0
    for found in _TAG.finditer(page):
        name = found[2].lower()
        if name in _CLOSES_BY_ITSELF:
            continue
        if not found[1]:
            opened[name] += 1
            deepest += 1
            if deepest > DEEPEST:
                return True
        elif opened[name]:
            opened[name] -= 1
            deepest -= 1
    return False


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        return value if _PICTURE.fullmatch(value) else None
    if name == "href" and value.strip().lower().startswith(("data:", "cid:")):
        return None
    if name == "style" and ("url" in value.lower() or "\\" in value):
        return None
    return value


# --- words


def _laid_out(page: str) -> str:
    """The words as inscriptis lays them out; "" where it can't."""
    try:
        if "<pre" not in page.lower():
            page = _WRAPPED.sub("", page)
        tree = document_fromstring(page.encode("utf-8", "replace"), parser=_parser())
        _prepare(tree)
        text: str = Inscriptis(tree, ParserConfig(css=CSS_PROFILES["strict"])).get_text()
    except Exception:  # whatever lxml and inscriptis can't take
        return ""
    return "\n".join(line.rstrip() for line in text.split("\n"))


def _parser() -> HTMLParser:
    return HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)


def _prepare(tree: HtmlElement) -> None:
    etree.strip_elements(tree, *_UNSEEN, with_tail=False)
    for element in tree.iter("a", "blockquote", "img", "p"):
        match element.tag:
            case "a":
                _name_target(element)
            case "blockquote":
                element.text = f"{_QUOTE_BEGINS}{element.text or ''}"
                _append(element, _QUOTE_ENDS)
            case "img":
                _name_picture(element)
            case "p" if (element.get("class") or "").startswith("Mso"):
                element.tag = "div"  # Outlook's, without any space before and after


def _append(element: HtmlElement, text: str) -> None:
    """Puts a text at the end of an element."""
    if len(element):
        last = element[-1]
        last.tail = (last.tail or "") + text
    else:
        element.text = (element.text or "") + text


def _name_target(link: HtmlElement) -> None:
    target = (link.get("href") or "").strip()
    if not target.lower().startswith(("http://", "https://", "mailto:")):
        return
    shown = "".join(link.itertext())
    if _plain(target) not in _plain(shown) and len(target) <= 2_000 and shown.strip():
        _append(link, f" <{target}>")


def _plain(link: str) -> str:
    """A link without what people leave out when they write one."""
    bare = re.sub(r"^(?:https?://|mailto:)(?:www\.)?", "", unquote(link).strip().lower())
    return "".join(bare.split()).rstrip("/")


def _name_picture(picture: HtmlElement) -> None:
    """A picture's words, were there any."""
    alternative = " ".join((picture.get("alt") or "").split())
    if alternative:
        picture.tail = f"[{alternative}]{picture.tail or ''}"


def _quoted(text: str) -> str:
    """The text with `> ` before each line that stood in a quotation."""
    if _QUOTE_BEGINS not in text:
        return text
    out: list[str] = []
    depth = 0
    for line in text.split("\n"):
        deeper = line.count(_QUOTE_BEGINS)
        shallower = line.count(_QUOTE_ENDS)
        bare = _MARKS.sub("", line)
        level = min(depth + deeper, 20)
        depth = max(depth + deeper - shallower, 0)
        if level and (bare.strip() or not (deeper or shallower)):
            out.append(("> " * level + bare.strip()).rstrip())
        elif not level or bare.strip():
            out.append(bare)
    return "\n".join(out)


def _bare(page: str) -> str:
    """The words between the tags, each block on a line of its own; for any page, in one pass."""
    out: list[str] = []
    lower = page.lower()
    never: set[str] = set()  # what is opened and never closed
    at = 0
    while 0 <= at < len(page):
        start = page.find("<", at)
        out.append(page[at:start] if start >= 0 else page[at:])
        if start < 0:
            break
        if page.startswith("<!--", start):
            at = _past(page, "-->", start)
            continue
        found = _TAG.match(page, start)
        if found is None and page[start + 1 : start + 2] not in ("!", "?", "/"):
            out.append("<")
            at = start + 1
            continue
        at = _past(page, ">", start)
        name = found[2].lower() if found else ""
        if name in _UNSEEN and name not in never and not (found and found[1]):
            end = lower.find(f"</{name}", start)
            at = _past(page, ">", end) if end >= 0 else at
            if end < 0:
                never.add(name)
        out.append("\n" if name in _BLOCKS else " " if name in ("td", "th") else "")
    lines = (" ".join(line.split(" ")) for line in entities.unescape("".join(out)).split("\n"))
    return "\n".join(line.strip() for line in lines)


def _past(page: str, mark: str, at: int) -> int:
    """Behind the next mark; -1 where there is none, and then no more text either."""
    found = page.find(mark, at)
    return -1 if found < 0 else found + len(mark)
