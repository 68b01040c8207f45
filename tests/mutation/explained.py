"""Mutations that no test can find, and why: by module, function, what stood there, and what stands there instead."""

EXPLAINED: dict[tuple[str, str, str, str], str] = {}
