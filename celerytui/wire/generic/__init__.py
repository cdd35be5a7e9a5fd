"""Every broker that kombu can speak with, through kombu alone."""
