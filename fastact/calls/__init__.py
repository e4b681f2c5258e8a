"""What a call means, the same on every backend: arguments, dtypes, `out`, errors, documentation; no arithmetic."""
