"""The organisation file: read, checked line by line, and looked through for what is odd."""

from services.router.organisation.findings import Finding, OrganisationUnusable, Severity
from services.router.organisation.reading import Examined, examine, examine_text, parse, read

__all__ = [
    "Examined",
    "Finding",
    "OrganisationUnusable",
    "Severity",
    "examine",
    "examine_text",
    "parse",
    "read",
]
