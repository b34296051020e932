"""What a notebook asks of a result and of an analysis: tables, pictures, arrays, other libraries' objects."""
