"""Detects and masks secrets."""
