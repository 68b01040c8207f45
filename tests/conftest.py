"""Settings that every test shares."""

from hypothesis import settings

# An example's time says how busy the machine is, not whether the code is right; pytest's own limit still holds.
settings.register_profile("ringfence", deadline=None, print_blob=True)
settings.load_profile("ringfence")
