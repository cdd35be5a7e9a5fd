"""What goes wrong with a partner's server."""


class ReadTimeout(Exception):
    """The partner took the connection and then said nothing."""
