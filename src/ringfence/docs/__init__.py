"""The reference page of the documentation, written from the declarations in ``schema``."""

from .reference import reference_page

__all__ = ["reference_page"]
