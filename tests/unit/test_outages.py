"""Of what kind an outage is, by the errors of the clients."""

from __future__ import annotations

import pytest
from amqp.exceptions import ConnectionForced
from celery import Celery

from celerytui.model import Outage
from celerytui.wire.outages import reason_of
from celerytui.wire.registry import broker_of


@pytest.mark.parametrize(
    "said",
    ["CONNECTION_FORCED - on demand", "CONNECTION_FORCED - broker forced connection closure"],
)
def test_a_rabbitmq_that_ends_the_connection_is_gone_and_says_why(said: str) -> None:
    app = Celery("t", broker="amqp://127.0.0.1:1//", set_as_current=False)
    connection = app.connection_for_read()
    error = ConnectionForced(said, (0, 0), "")

    reason = reason_of(error, broker_of(connection), connection)

    assert (reason.outage, reason.text) == (Outage.ABSENT, said)
