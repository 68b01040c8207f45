"""The venue's side of registered shares: who may hold them, when they trade, what holders get, and whose vote counts.

Pure parts: each is given what it needs and says what is to be done.  Commands that follow go through the node like all
others, so that the log alone decides.
"""
