"""Who looked at a result, what they changed and signed, and whether all of it still holds."""
