"""The dashboard: what the cluster does and what is wrong with it, at a glance."""
