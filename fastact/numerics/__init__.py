"""Elementary functions that NumPy lacks, and the coefficients of all polynomials."""
