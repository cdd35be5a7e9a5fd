"""From a key to the engine and back: what, to whom, with which values, after which question."""
