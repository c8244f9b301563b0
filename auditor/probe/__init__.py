"""Measures the generalization gap of a user's experiment by retraining it, and what each remedy is worth."""
