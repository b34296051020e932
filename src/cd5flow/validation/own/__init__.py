"""A laboratory's method on its own tubes, held against what the laboratory says is true of them.

`rules` says how many tubes each question needs, `sheet` what a row may say, `tubes` puts that beside
what was found, `comparison`, `replicates`, `limits` and `course` compute, `record` is the result
file, and `document`, `pictures` and `writing` make the files that people read and sign.

Nothing is imported here.
"""
