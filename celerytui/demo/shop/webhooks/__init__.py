"""Telling partners what happened."""
