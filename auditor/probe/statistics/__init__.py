"""What can be concluded from retraining: one file a measure, each with its source. NumPy and SciPy only, no torch."""
