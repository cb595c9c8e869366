"""Names that a server is called by, as a Host header gives them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Set

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""What this machine calls itself."""
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[0-9a-z_.-]+)(?::\d+)?")
"""What a Host header holds: a name or an address, and perhaps a port."""


def is_called(host: str, names: Set[str], *, any_address: bool = False) -> bool:
    """Whether a Host header holds one of some names, or any IP address: no foreign name can be made to look like one."""
    found = _HOST.fullmatch(host.lower())
    name = found[1].strip("[]") if found else ""
    return name in names or (any_address and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
