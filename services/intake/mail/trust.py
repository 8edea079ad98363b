"""Whether a mail is from whom it says, as the receiving server has found (RFC 8601).

Only what servers of ours have written counts, known by their ids in `Authentication-Results`:
for each id the topmost header. Whoever sends a mail can write such headers too, but not above ours.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.utils import getaddresses
from enum import StrEnum

from authres import (  # type: ignore[import-untyped, unused-ignore]
    AuthenticationResultsHeader,
)

from services.intake.mail.parse import ReadMail

_LONGEST_HEADER = 20_000
_HEADER = "authentication-results"


class Trust(StrEnum):
    PASSED = "passed"
    """Its From is proved: by DMARC, or by DKIM or SPF for the same domain."""
    NONE = "none"
    """Nothing is known about it."""
    FAILED = "failed"
    """It is not from whom it says."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How far a mail's From can be trusted, and what that rests on."""

    trust: Trust
    details: tuple[str, ...]
    """What was found, such as `dmarc=pass (example.com)`."""


@dataclass(frozen=True, slots=True)
class _Result:
    method: str
    result: str
    domain: str
    """For which domain, in small letters; empty where it isn't said."""

    def __str__(self) -> str:
        return f"{self.method}={self.result}" + (f" ({self.domain})" if self.domain else "")


def trust(mail: ReadMail, authserv_ids: Collection[str], envelope_from: str | None = None) -> Proof:
    """Whether its From is proved. Never raises; without ids of ours nothing is known.

    A chain of ARC seals changes nothing: anybody can seal. Nor does a result count that whoever
    sent the mail may have written into our header, by what they are called in the envelope;
    `envelope_from` is None where that isn't known, and then the Return-Path header counts.
    """
    domain = _from_domain(mail)
    if domain is None:
        return Proof(Trust.FAILED, ("it has no From or several",))
    results = [*_results(mail, authserv_ids)]
    details = tuple(str(one) for one in results)
    failed = {one.method for one in results if one.result in ("fail", "hardfail", "softfail")}
    sent_by = mail.headers.get("return-path", "") if envelope_from is None else envelope_from
    is_readable = _MISLEADS.search(sent_by.strip().strip("<>")) is None
    is_proved = is_readable and any(_proves(one, domain) for one in _undisputed(results))
    is_denied = any(one.result == "fail" and one.method in ("dmarc", "compauth") for one in results)
    if is_denied:
        return Proof(Trust.FAILED, details)
    if is_proved:
        return Proof(Trust.PASSED, details)
    is_forged = {"dkim", "spf"} <= failed or any(
        one.method == "spf" and one.result in ("fail", "hardfail") for one in results
    )
    return Proof(Trust.FAILED if is_forged else Trust.NONE, details)


def _from_domain(mail: ReadMail) -> str | None:
    """The one domain of the one From header."""
    written = [value for name, value in mail.all_headers if name.lower() == "from"]
    if len(written) != 1 or mail.from_address is None:
        return None
    # a decoded name may hold an @ itself
    addresses = _IN_ANGLES.findall(written[0]) or [one for _, one in getaddresses(written)]
    domains = {one.rpartition("@")[2].strip().lower() for one in addresses if "@" in one}
    own = mail.from_address.rpartition("@")[2].lower()
    return own if domains <= {own} else None


def _proves(one: _Result, domain: str) -> bool:
    if one.result != "pass":
        return False
    if one.method == "dmarc":
        return not one.domain or _is_aligned(one.domain, domain)
    return one.method in ("dkim", "spf") and _is_aligned(one.domain, domain)


def _undisputed(results: Sequence[_Result]) -> Iterator[_Result]:
    """Without DMARC where several results of it are said: a mail has one, so one was put in."""
    of_dmarc = {one for one in results if one.method == "dmarc"}
    return (one for one in results if one not in of_dmarc or len(of_dmarc) == 1)


def _is_aligned(proved: str, domain: str) -> bool:
    """One of them is the other or lies under it, as DMARC's relaxed alignment has it. Two branches
    of one organisation are not: that takes a list of all registries."""
    if "." not in proved or "." not in domain:
        return False
    return proved == domain or proved.endswith(f".{domain}") or domain.endswith(f".{proved}")


def _results(mail: ReadMail, authserv_ids: Collection[str]) -> Iterator[_Result]:
    """What our servers have found: of each the topmost header."""
    waiting = {one.strip().lower() for one in authserv_ids}
    for name, value in mail.all_headers:
        if not waiting:
            return
        if name.lower() != _HEADER or len(value) > _LONGEST_HEADER:
            continue
        written_by = _authserv_id(value)
        if written_by in waiting:
            waiting.discard(written_by)
            yield from _read(value)


def _authserv_id(value: str) -> str:
    found = _ID.match(_COMMENT.sub(" ", value))
    return found[1].strip('"').lower() if found else ""


def _read(value: str) -> Iterator[_Result]:
    try:
        header = AuthenticationResultsHeader.parse(f"Authentication-Results: {value}")
    except Exception:  # SyntaxError, and others for what is no header at all
        yield from _read_roughly(value)
        return
    for one in header.results:
        properties = ((f"{p.type}.{p.name}", p.value) for p in one.properties)
        yield _result(one.method, one.result, properties)


def _read_roughly(value: str) -> Iterator[_Result]:
    """What the grammar refuses, such as a domain in Japanese letters or an empty part."""
    for part in _COMMENT.sub(" ", value).split(";")[1:]:
        method = _METHOD.match(part)
        if method:
            yield _result(method[1], method[2], _PROPERTY.findall(part))


def _result(method: str, result: str, properties: Iterable[tuple[object, object]]) -> _Result:
    known = {str(name).lower(): str(value or "") for name, value in properties}
    wanted = _DOMAIN_OF.get(method.lower(), ())
    said = next((known[name] for name in wanted if known.get(name)), "")
    domain = said.strip('"<>').rpartition("@")[2].strip().lower().rstrip(".")
    return _Result(method.lower()[:20], result.lower()[:20], domain[:253])


_DOMAIN_OF = {
    "dmarc": ("header.from",),
    "dkim": ("header.d", "header.i"),
    "spf": ("smtp.mailfrom", "smtp.from", "smtp.helo"),
}
"""The property that names the domain for which a method has passed or failed."""

_MISLEADS = re.compile(r'[\s";()\\]')
"""What ends a value, or begins a comment, in a header that quotes it as it is."""
_IN_ANGLES = re.compile(r"<([^<>]{1,320})>")
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_ID = re.compile(r"\s*(\"[^\"]{1,253}\"|[^\s;\"]{1,253})")
_METHOD = re.compile(
    r"\s{0,8}([a-z][a-z0-9-]{0,19})(?:\s?/\s?\d)?\s{0,2}=\s{0,2}([a-z]{2,20})(?=[\s;(]|$)",
    re.IGNORECASE,
)
_PROPERTY = re.compile(
    r"\b((?:header|smtp|policy)\.[a-z]{1,12})\s{0,2}=\s{0,2}([^\s;]{1,320})", re.IGNORECASE
)
