"""What is written of an analysis: a folder a sample, with reports, JSON, tables, gates and pictures."""
