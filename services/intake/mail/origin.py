"""Whose mail is it: a person's, or a machine's that must never start a conversation with ours."""

from __future__ import annotations

from enum import StrEnum

from services.intake.mail.parse import ReadMail

OUR_MARK = "x-banso"
"""The header on everything that Banso sends."""


class Origin(StrEnum):
    PERSON = "person"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    LIST = "list"
    SELF = "self"
    NOBODY = "nobody"
    """There is no address that could be answered."""


def origin(mail: ReadMail, envelope_from: str, our_addresses: frozenset[str]) -> Origin:
    """Who wrote it, by RFC 3834, RFC 3464 and RFC 2919. Doubt means a person."""
    headers = mail.headers
    if OUR_MARK in headers or (mail.from_address or "").lower() in our_addresses:
        return Origin.SELF
    kind = headers.get("content-type", "").lower()
    if envelope_from in ("", "<>") or "report-type=delivery-status" in kind.replace('"', ""):
        return Origin.BOUNCE
    if headers.get("auto-submitted", "no").split(";")[0].strip().lower() != "no":
        return Origin.AUTO_REPLY
    if headers.get("precedence", "").strip().lower() in ("auto_reply", "junk"):
        return Origin.AUTO_REPLY
    precedence = headers.get("precedence", "").strip().lower()
    if precedence == "bulk" or ("list-id" in headers and "list-unsubscribe" in headers):
        return Origin.LIST  # a newsletter; a person's mail to a shared address has a List-Id only
    if mail.from_address is None:
        return Origin.NOBODY
    return Origin.PERSON
