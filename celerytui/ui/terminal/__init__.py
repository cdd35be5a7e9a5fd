"""The terminal and signals: whatever hangs, the terminal is restored and the process exits.

Textual's own driver reads and writes in threads of its own and knows neither SIGTERM nor a terminal
that goes away. This one reads and writes on the loop, through descriptions of the terminal of its
own that never wait, so that a terminal which stops reading stops nothing else.
"""
