"""The rows across the screen: header, tabs, banner, progress, filter line, footer."""
