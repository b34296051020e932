"""Many tubes: from a sheet or a folder to a folder a sample and tables over all.

`plan` says what is to be done, `run` does it in an `engine`, `overview` tells what came out.

Nothing is imported here: processes that only wait for work are small and start at once.
"""
