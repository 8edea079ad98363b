"""Proves Banso's promises on the live databases and streams, and says what is broken."""
