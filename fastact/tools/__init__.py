"""What the commands of `python -m fastact` do. Nothing of the product imports it.

- `bench/`: checks every function and times it, against NumPy and others; `peers/`: what the others' users type
- `verify/`: measures errors in units in the last place; `reference.py`: what is exact
- `plot/`: curves and the gallery
- `directions.py`, `printing.py`, `options.py`: what they share
"""
