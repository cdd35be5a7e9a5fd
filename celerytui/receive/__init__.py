"""Bytes off the broker to batches of events, one file a wire.

`Receiver` keeps the connection and hands on what a reader brings; `reader.Reader` is what a wire
has to offer and `receiver.open_reader` chooses it; `decode` judges every event.
"""

from celerytui.receive.receiver import Receiver

__all__ = ["Receiver"]
