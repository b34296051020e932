"""What the tests build their inputs with: factories of tubes, gates, results, folders, processes."""
