"""Formulas as data: traced from Python or read from text, simplified, differentiated, evaluated.

Nothing here is imported before a formula is defined.
"""
