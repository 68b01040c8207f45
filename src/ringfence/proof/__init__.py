"""Receipts of liquidations: made from history and checkpoints, and checked from nothing but the file."""
