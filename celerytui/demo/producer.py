"""The customers of the shop: sends its tasks, calmly and then in a rush, until it is stopped."""

from __future__ import annotations

import os
import random
import time
from collections import deque
from pathlib import Path
from typing import Any

from celerytui.demo import transport
from celerytui.demo.app import FOLDER, QUEUES, make_app

# Times a second, over the day and with everything calm.
_RATES = {
    "checkout": 1.0,
    "webhook": 2.6,
    "index": 1.6,
    "picture": 0.5,
    "film": 0.16,
    "invoice": 0.3,
    "refund": 0.12,
    "stock": 0.05,
    "import_": 0.08,
    "report": 0.25,
    "digest": 0.06,
    "stale": 0.03,
    "reminder": 0.05,
}
_TICK = 0.1
_CYCLE, _RUSH_FROM, _RUSH_TO, _RUSH = 160.0, 12.0, 72.0, 4.0
_REPORTS_MOST = 120
_MESSAGES_MOST = 350


class Customers:
    """Sends tasks with `app`; every method named in the rates is one thing that customers do."""

    def __init__(self, app: Any, folder: Path) -> None:
        self.app = app
        self.data = folder / transport.DATA
        self.rng = random.Random()
        self.age = 0.0
        self.waiting: list[str] = []
        self.unpaid: deque[tuple[float, str]] = deque()

    def run(self) -> None:
        """Send for ever."""
        began = due = time.monotonic()
        self.open()
        while True:
            due += _TICK
            time.sleep(max(0.0, due - time.monotonic()))
            if round((due - began) / _TICK) % 10 == 0:
                names = os.listdir(self.data)
                self.waiting = [name for name in names if name.split(".")[1] in QUEUES]
            if len(self.waiting) < _MESSAGES_MOST:
                self.tick(due - began)

    def open(self) -> None:
        """The first customers, so that there is one of everything to see from the start."""
        self.send("billing.charge", self._order(), "tok_visa_4242")
        self.send("orders.import_order", [{"sku": "sku-9001"}, {"ean": "4006381333931"}])
        self.invoice()
        self.film()

    def tick(self, age: float) -> None:
        """Do what customers do in one tick, `age` seconds after the shop opened."""
        self.age = age
        rush = _RUSH if _RUSH_FROM <= age % _CYCLE < _RUSH_TO else 1.0
        for what, rate in _RATES.items():
            expected = rate * _TICK * (rush if what == "checkout" else 1.0)
            if self.rng.random() < expected:
                getattr(self, what)()
        while self.unpaid and self.unpaid[0][0] <= age:
            self.app.control.revoke(self.unpaid.popleft()[1])

    def send(self, name: str, *args: Any, **options: Any) -> str:
        """Send one task and return its id."""
        return str(self.app.send_task(name, args=args, **options).id)

    def _order(self) -> int:
        return self.rng.randrange(9000, 9999)

    def checkout(self) -> None:
        """Buy something, now and then with a card that is empty."""
        kind = self.rng.choice(("visa", "visa", "mc", "amex"))
        token = f"tok_{kind}_{self.rng.randrange(9000, 9999)}"
        self.send(
            "orders.checkout", self._order(), "tok_visa_4242" if self.rng.random() < 0.04 else token
        )

    def webhook(self) -> None:
        """Let a partner know."""
        event = self.rng.choice(("order.new", "order.paid", "order.sent"))
        self.send("webhooks.deliver", event, self._order())

    def index(self) -> None:
        """Change an article."""
        self.send("search.index", f"sku-{self._order()}")

    def picture(self) -> None:
        """Upload a picture."""
        self.send("media.resize", f"s3://shop-media/{self._order()}.jpg")

    def film(self) -> None:
        """Upload a film."""
        path = f"s3://shop-media/{self._order()}.mov"
        self.send("media.transcode", path, kwargs={"preset": "1080p"})

    def invoice(self) -> None:
        """Ask for an invoice."""
        self.send("billing.invoice", self._order())

    def refund(self) -> None:
        """Send something back."""
        self.send("billing.refund", self._order(), self.rng.randrange(10, 120) / 2)

    def stock(self) -> None:
        """Count the shelves."""
        self.send("inventory.count", [f"sku-{self._order()}" for _ in range(4)])

    def import_(self) -> None:
        """Take a partner's order: mostly good, at times without an article or without a line."""
        lines: list[dict[str, str]] = [{"sku": f"sku-{self._order()}"}]
        luck = self.rng.random()
        if luck < 0.25:
            lines.append({"ean": "4006381333931"})
        self.send("orders.import_order", [] if luck > 0.9 else lines)

    def report(self) -> None:
        """Order a report; nobody consumes the queue, so this stops before it grows too long."""
        if sum(name.endswith(".reports.msg") for name in self.waiting) < _REPORTS_MOST:
            self.send("reports.render", "daily_sales", kwargs={"shop": self.rng.randrange(1, 9)})

    def digest(self) -> None:
        """Order a letter for later."""
        self.send("mail.send_digest", self._order(), countdown=self.rng.randrange(20, 90))

    def stale(self) -> None:
        """Order a letter that nobody wants any more when its time comes."""
        self.send("mail.send_digest", self._order(), countdown=8, expires=7)

    def reminder(self) -> None:
        """Have a customer reminded in a while, who then pays in time."""
        task = self.send("billing.dunning", self._order(), countdown=25)
        self.unpaid.append((self.age + 6.0, task))


if __name__ == "__main__":
    home = Path(os.environ[FOLDER])
    Customers(make_app(home), home).run()
