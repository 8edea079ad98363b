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
    """SHA-256 in hexadecimal of bearer tokens that may do all but hooks and imports."""
    api_tokens: Path | None = None
    """The file that `banso token` writes."""
    api_requests_per_minute: int = 6000
    """By one token."""
    most_attachments: int = 10
    largest_attachment_bytes: int = 25 * 1024 * 1024
    largest_attachments_bytes: int = 50 * 1024 * 1024
    """All files of one message together."""
    largest_mail_bytes: int = 25 * 1024 * 1024
    largest_request_bytes: int = 1024 * 1024
