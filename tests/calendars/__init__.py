"""Calendars as programs export them, written for these tests; nobody's own."""
