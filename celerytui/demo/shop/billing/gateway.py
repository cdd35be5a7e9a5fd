"""The client of a payment gateway that is not there."""

from __future__ import annotations

from typing import Any

from celerytui.demo.shop.billing.errors import CardDeclined, GatewayTimeout
from celerytui.demo.shop.pretend import happens, work

STOLEN = "tok_visa_4242"


class Gateway:
    """Takes a card's token and an amount and answers after a while."""

    def charge(self, amount: float, source: str) -> str:
        """Charge a card and return the charge's id."""
        response = self._post("/charges", {"amount": amount, "source": source}, seconds=1.2)
        self._raise_for(response)
        return str(response["id"])

    def refund(self, order: int, amount: float) -> str:
        """Pay back and return the refund's id."""
        response = self._post("/refunds", {"order": order, "amount": amount}, seconds=0.8)
        return str(response["id"])

    def _post(self, path: str, body: dict[str, Any], seconds: float) -> dict[str, Any]:
        work(seconds)
        if happens(0.03):
            raise GatewayTimeout(f"POST {path}: no answer from the acquirer")
        if body.get("source") == STOLEN:
            return {"error": {"code": "insufficient_funds"}}
        return {"id": f"{path[1:3]}_{int(body['amount'] * 100):06d}"}

    def _raise_for(self, response: dict[str, Any]) -> None:
        if "error" in response:
            raise CardDeclined(response["error"]["code"])


client = Gateway()
