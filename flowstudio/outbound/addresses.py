"""Which addresses workflows may call.

Only addresses that are reachable on the public internet are allowed, unless the admin names others. Sources of the
lists: IANA's special-purpose registries for IPv4 and IPv6, and the clouds' documentation of their metadata services.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias
from urllib.parse import urlsplit

from flowstudio.errors import ConfigurationError, OutboundRefused

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_REFUSED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), words)
    for network, words in (
        # Before the wider networks that hold them.
        ("169.254.169.254/32", "the cloud's metadata service"),
        ("169.254.170.2/32", "the cloud's metadata service"),
        ("100.100.100.200/32", "the cloud's metadata service"),
        ("168.63.129.16/32", "the cloud's metadata service"),
        ("fd00:ec2::254/128", "the cloud's metadata service"),
        ("fd20:ce::254/128", "the cloud's metadata service"),
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a carrier's private address"),
        ("127.0.0.0/8", "this machine itself"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "a documentation address"),
        ("192.88.99.0/24", "a relay address"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "a test network's address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("224.0.0.0/4", "a multicast address"),
        ("255.255.255.255/32", "a broadcast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("::/128", "an unspecified address"),
        ("::1/128", "this machine itself"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
        ("ff00::/8", "a multicast address"),
        ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "a documentation address"),
        ("3fff::/20", "a documentation address"),
    )
)
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_MAPPED = IPv6Network("::ffff:0:0/96")
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")
_COMPATIBLE = IPv6Network("::/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address leads to (mapped, translated, NAT64, 6to4), else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if any(address in network for network in (_MAPPED, _TRANSLATED, _NAT64)):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _COMPATIBLE and int(address) > 1:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _6TO4:
        return IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    return address


def special(address: Address) -> str | None:
    """What is special about an address, in words; None for an address of the public internet."""
    plain = embedded(address)
    for network, words in _REFUSED:
        if plain.version == network.version and plain in network:
            return words
    return "a reserved address" if isinstance(plain, IPv6Address) and plain not in _GLOBAL_IPV6 else None


def literal(host: str) -> Address | None:
    """The address that a host spells, also in the old decimal, octal, hexadecimal and shortened ways; None for names."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    last = host.rsplit(".", 1)[-1]
    if not last[:1].isdigit() or not set(host) <= set("0123456789abcdefx."):
        return None
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list of hosts: a name, a suffix (`.example.org`) or a network, perhaps for one port only."""

    name: str = ""
    suffix: str = ""
    network: Network | None = None
    port: int | None = None

    def admits_name(self, host: str, port: int) -> bool:
        """Whether the entry names the host."""
        if self.port not in (None, port):
            return False
        return bool((self.name and host == self.name) or (self.suffix and host.endswith(self.suffix)))

    def admits_address(self, address: Address, port: int) -> bool:
        """Whether the address is in the entry's network."""
        if self.network is None or self.port not in (None, port):
            return False
        return any(
            self.network.version == one.version and one in self.network
            for one in (address, embedded(address))
        )


def parse(entry: str) -> Entry:
    """Read an entry of a list of hosts. Raises `ConfigurationError`."""
    text = entry.strip().lower()
    try:
        return Entry(network=ip_network(text.strip("[]"), strict=False))
    except ValueError:
        pass
    try:
        parts = urlsplit(f"//{text}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        host, port = "", None
    plain = host.removeprefix("*.")
    if not plain or "/" in text or "@" in text or "*" in plain or (":" in plain and literal(plain) is None):
        raise ConfigurationError(
            f"'{entry}' is not a host. Write a name (intranet.local), a name with a port "
            "(intranet.local:8080), all names below one (*.intranet.local) or a network (10.0.0.0/8)."
        )
    if host.startswith("*."):
        return Entry(suffix=host[1:], port=port)
    address = literal(host)
    return (
        Entry(network=ip_network(address), port=port) if address is not None else Entry(name=host, port=port)
    )


class AddressRules:
    """The rules of one installation. Hosts are compared in lower case and without a final dot.

    What is denied is denied, whatever is allowed; what is neither must be of the public internet.
    """

    def __init__(self, allow: Iterable[str] = (), deny: Iterable[str] = ()) -> None:
        self.use(allow, deny)

    def use(self, allow: Iterable[str], deny: Iterable[str]) -> None:
        """Take other rules, from now on. Raises `ConfigurationError` before anything is changed."""
        allowed = [parse(entry) for entry in allow if entry.strip()]
        denied = [parse(entry) for entry in deny if entry.strip()]
        self._allowed, self._denied = allowed, denied

    def check_host(self, host: str, port: int) -> Address | None:
        """Vet a host as it is spelled; gives the address if it spells one. Raises `OutboundRefused`."""
        host = host.lower().rstrip(".")
        if "%" in host:
            raise OutboundRefused(
                f"'{host}' names a network interface. Workflows cannot call addresses with a zone; leave out what follows '%'."
            )
        if any(entry.admits_name(host, port) for entry in self._denied):
            raise self._denial(host)
        address = literal(host)
        if address is not None:
            self.check_address(host, address, port)
        return address

    def check_address(self, host: str, address: Address, port: int) -> None:
        """Vet an address that a host stands for. Raises `OutboundRefused`."""
        host = host.lower().rstrip(".")
        if any(
            entry.admits_name(host, port) or entry.admits_address(address, port) for entry in self._denied
        ):
            raise self._denial(host)
        words = special(address)
        if words is None:
            return
        if not any(
            entry.admits_name(host, port) or entry.admits_address(address, port) for entry in self._allowed
        ):
            raise self._refusal(host, words, port)

    @staticmethod
    def _denial(host: str) -> OutboundRefused:
        return OutboundRefused(
            f"Workflows may not call '{host}': an admin of this FlowStudio has denied it.",
            detail={"host": host},
        )

    @staticmethod
    def _refusal(host: str, words: str, port: int) -> OutboundRefused:
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return OutboundRefused(
            f"Workflows may not call '{host}': it is {words}. An admin can allow it in the settings, under Network: add {where} "
            f"there. On the server, FLOWSTUDIO_ALLOW_HOSTS={where} does the same.",
            detail={"host": host, "port": port},
        )
