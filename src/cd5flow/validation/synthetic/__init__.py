"""The software's own accuracy and precision on synthetic tubes: software, synthetic, nothing else.

`plan` says how many tubes of what, `series` makes them, `measure` analyses one, `carry` does them all,
`findings` turns them into `record.Validation`, and `writing` into the files that people read.

Nothing is imported here: processes that only wait for work are small and start at once.
"""
