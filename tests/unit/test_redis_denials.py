"""How Redis and Valkey of any version say no, and what is advised."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from redis.exceptions import NoPermissionError

from celerytui.wire.redis.denials import denial_of


@pytest.mark.parametrize(
    ("text", "rights"),
    [
        ("this user has no permissions to access one of the channels used as arguments", "'&*'"),
        ("No permissions to access a channel", "'&*'"),
        ("this user has no permissions to access one of the keys used as arguments", "'~*'"),
        ("No permissions to access a key", "'~*'"),
        ("this user has no permissions to run the 'psubscribe' command", "+psubscribe"),
        ("User ana has no permissions to run the 'client|setname' command", "+client|setname"),
        ("something else", None),
    ],
)
def test_what_grants_it(text: str, rights: str | None) -> None:
    denial = denial_of(NoPermissionError(f"NOPERM {text}"), SimpleNamespace(userid="ana"))
    assert denial is not None
    assert text in denial.text
    assert denial.remedy == (None if rights is None else f"redis-cli ACL SETUSER ana {rights}")
