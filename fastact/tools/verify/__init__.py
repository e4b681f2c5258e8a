"""`python -m fastact verify`: the largest error of every function, on every backend, in units in the last place."""
