"""Numbers on arrays: density, order statistics, chunks of events and timing. Knows no cells."""
