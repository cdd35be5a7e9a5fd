"""The panels that views are made of: lists, tables, long texts, charts, and what they say when empty."""
