"""Numbers and their uncertainty: CD5 on the blasts, disease burden."""
