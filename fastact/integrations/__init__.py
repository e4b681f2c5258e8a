"""What the modules for other libraries share: `fastact.torch`, `fastact.autograd`, `fastact.jax`, `fastact.sklearn`, ...

Nothing of the package imports them, so that NumPy stays all that it needs.
"""
