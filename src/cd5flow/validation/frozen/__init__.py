"""A frozen set of results, analysed again: what differs, and what it may come from.

`compare` holds two results of one tube against each other, `repeat` analyses the tubes of a results
folder again as their results say.

Nothing is imported here.
"""
