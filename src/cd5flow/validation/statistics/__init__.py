"""Formulas of a method's validation: plain functions on arrays, each with its source.

Nothing here knows of tubes or reports. A function returns None where its numbers cannot be had of so
few or such values; who asks says the reason. Numbers that are not finite are refused.
"""
