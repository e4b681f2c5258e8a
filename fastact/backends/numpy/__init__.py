"""The backend that is always there, on plain NumPy."""
