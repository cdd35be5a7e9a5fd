"""Work that takes time and no processor, and luck."""

import random
import time


def work(median: float, spread: float = 0.25) -> None:
    """Sleep about `median` seconds, now and then much longer, as real work does."""
    time.sleep(min(median * random.lognormvariate(0.0, spread), 20.0))


def happens(probability: float) -> bool:
    """Say yes with this probability."""
    return random.random() < probability
