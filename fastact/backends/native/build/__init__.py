"""What setup.py makes the kernels of: texts that are put together and filled in, and the tables that they are filled in from.

A mistake in a table or a text is a ValueError with one line, which names the file and the entry.
"""
