"""What a payment gateway answers when it does not pay."""


class CardDeclined(Exception):
    """The bank said no; trying again does not help."""


class GatewayTimeout(Exception):
    """The gateway said nothing; trying again may help."""
