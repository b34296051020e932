"""Numbers on arrays: density, order statistics, chunks of events, threads and timing. Knows no cells."""
