"""Property tests draw the same examples on every machine, so that a red one is red everywhere."""

from hypothesis import settings

settings.register_profile("unit", derandomize=True, max_examples=50, deadline=None, database=None)
settings.load_profile("unit")
