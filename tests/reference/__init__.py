"""A plain exchange with dicts, built from docs/rules.md alone, that says what the compiled core must do."""

from .exchange import ReferenceExchange

__all__ = ["ReferenceExchange"]
