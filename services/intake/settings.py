"""What intake is told by its environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from shared.settings import Linked


class IntakeSettings(Linked):
    blobs: Path
    web_host: str = "127.0.0.1"
    web_port: int = 0
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 0
    api_token_hashes: list[str] = Field(default_factory=list)
    """SHA-256 in hexadecimal of each bearer token that the API takes."""
    most_attachments: int = 10
    largest_attachment_bytes: int = 25 * 1024 * 1024
    largest_attachments_bytes: int = 50 * 1024 * 1024
    """All files of one message together."""
    largest_mail_bytes: int = 25 * 1024 * 1024
    largest_request_bytes: int = 1024 * 1024
    trusted_proxies: list[str] = Field(default_factory=lambda: ["127.0.0.0/8", "::1/128"])
    """Networks of the web servers in front of the pages, whose `X-Forwarded-For` is believed."""
    least_form_s: float = 3.0
    """Whoever sends the form sooner is asked for one click more; 0 asks nobody."""
    most_from_a_connection: str = "40 per 10 minutes; 400 per day"
    """Forms. A whole office may be behind one address."""
    most_for_an_address: str = "10 per 10 minutes; 60 per day"
    """Forms with one mail address, which gets a mail for each."""
    most_by_form: str = "300 per 10 minutes"
    """Forms from everybody together."""
    most_by_a_link: str = "30 per 10 minutes; 300 per day"
    """Messages on status pages by one person about one issue."""
