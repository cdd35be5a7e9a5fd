"""The failures of the sample: exceptions and tracebacks word for word as a worker sends them."""

from __future__ import annotations

from msgspec import Struct

_CELERY = """\
Traceback (most recent call last):
  File "/srv/shop/.venv/lib/python3.12/site-packages/celery/app/trace.py", line 453, in trace_task
    R = retval = fun(*args, **kwargs)
                 ^^^^^^^^^^^^^^^^^^^^
  File "/srv/shop/.venv/lib/python3.12/site-packages/celery/app/trace.py", line 736, in \
__protected_call__
    return self.run(*args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^
"""


class Failure(Struct, frozen=True):
    """What task-failed and task-retried carry."""

    exception: str
    traceback: str


CARD_DECLINED = Failure(
    "CardDeclined('insufficient_funds')",
    _CELERY
    + """\
  File "/srv/shop/shop/billing/tasks.py", line 88, in charge
    receipt = client.charge(order.total, source=token)
              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/srv/shop/shop/billing/gateway.py", line 41, in charge
    self._raise_for(response)
  File "/srv/shop/shop/billing/gateway.py", line 67, in _raise_for
    raise CardDeclined(body["error"]["code"])
shop.billing.errors.CardDeclined: insufficient_funds
""",
)

GATEWAY_TIMEOUT = Failure(
    "GatewayTimeout('no answer from acquirer within 600 ms')",
    _CELERY
    + """\
  File "/srv/shop/shop/billing/tasks.py", line 121, in invoice
    pdf = client.invoice(order)
          ^^^^^^^^^^^^^^^^^^^^^
  File "/srv/shop/shop/billing/gateway.py", line 52, in invoice
    raise GatewayTimeout(f"no answer from acquirer within {self.patience_ms} ms")
shop.billing.errors.GatewayTimeout: no answer from acquirer within 600 ms
""",
)

READ_TIMEOUT = Failure(
    "ReadTimeout('api.partner.example:443 did not answer within 10 s')",
    _CELERY
    + """\
  File "/srv/shop/shop/webhooks/tasks.py", line 37, in deliver
    status = post(endpoint, payload, timeout=10)
             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/srv/shop/shop/webhooks/deliver.py", line 52, in post
    raise ReadTimeout(f"{url.netloc} did not answer within {timeout} s") from error
shop.webhooks.errors.ReadTimeout: api.partner.example:443 did not answer within 10 s
""",
)

WORKER_LOST = Failure(
    "WorkerLostError('Worker exited prematurely: signal 9 (SIGKILL) Job: 4211.')",
    """\
Traceback (most recent call last):
  File "/srv/shop/.venv/lib/python3.12/site-packages/billiard/pool.py", line 1265, in \
mark_as_worker_lost
    raise WorkerLostError(
billiard.exceptions.WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL) Job: 4211.
""",
)
