"""What there is: one record for each function. Pure data: formulas in NumPy, parameters, properties, documentation."""
