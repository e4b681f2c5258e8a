"""`python -m fastact bench`: is every function equal to its NumPy formula, and how much faster than others is it?"""
