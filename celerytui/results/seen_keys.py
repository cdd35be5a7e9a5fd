"""Which keys were seen already, at 16 to 32 bytes each."""

from __future__ import annotations

from array import array

FIRST_SLOTS = 1 << 12


class SeenKeys:
    """A set of keys by 64 bits of their hash.

    SCAN gives a key again where the table shrinks meanwhile. A set of a million keys takes 130 MB;
    that two of them have the same hash is as likely as one in 30 million.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * FIRST_SLOTS))
        self._mask = FIRST_SLOTS - 1
        self._held = 0

    def __len__(self) -> int:
        return self._held

    def add(self, key: bytes | str) -> bool:
        """Take a key in; whether it is new."""
        slots, mask = self._slots, self._mask
        value = hash(key) & 0xFFFF_FFFF_FFFF_FFFF or 1
        slot = value & mask
        while (found := slots[slot]) != 0:
            if found == value:
                return False
            slot = (slot + 1) & mask
        slots[slot] = value
        self._held += 1
        if 2 * self._held > mask:
            self._grow()
        return True

    def _grow(self) -> None:
        old = self._slots
        self._mask = mask = 2 * len(old) - 1
        slots = self._slots = array("Q", bytes(8 * (mask + 1)))
        for value in old:
            if value:
                slot = value & mask
                while slots[slot]:
                    slot = (slot + 1) & mask
                slots[slot] = value
