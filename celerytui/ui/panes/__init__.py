"""The panels that views are made of, and what they say when they are empty."""
