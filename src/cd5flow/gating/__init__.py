"""Gating: a strategy says what to look for, methods find regions, regions decide who is in."""
