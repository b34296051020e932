"""Whether the method can be relied on: on synthetic tubes, on a laboratory's own, and after a change.

`statistics` holds the formulas, on arrays. `synthetic` measures the software on tubes whose truth is
known, `own` a laboratory's method on its own tubes.

Nothing is imported here: processes that only wait for work are small and start at once.
"""
