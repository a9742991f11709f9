from ipaddress import ip_address

import pytest

from flowstudio.errors import ConfigurationError, OutboundRefused
from flowstudio.outbound.addresses import AddressRules, embedded, literal, special

FORBIDDEN = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 169.254.0.1 169.254.169.254
172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1
203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16 100.100.100.200
:: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1
2002:7f00:1:: 2002:a00:1:: 2001::1 2001:db8::1 3fff::1 100::1 fc00::1 fd00:ec2::254 fd12:3456::1 fe80::1 fec0::1
ff02::1 4000::1 5f00::1
""".split()
PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 172.15.255.255 172.32.0.0
192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 2606:4700::1111 2a00:1450::1 2001:4860:4860::8888
64:ff9b::808:808 ::ffff:8.8.8.8 2002:808:808::
""".split()


@pytest.mark.parametrize("text", FORBIDDEN)
def test_an_address_that_is_not_of_the_public_internet_is_refused(text: str) -> None:
    assert special(ip_address(text)) is not None
    with pytest.raises(OutboundRefused, match="FLOWSTUDIO_ALLOW_HOSTS="):
        AddressRules().check_host(text, 80)


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_let_through(text: str) -> None:
    assert AddressRules().check_host(text, 80) == ip_address(text)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("2130706433", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("134744072", "8.8.8.8"),
    ],
)
def test_old_spellings_of_addresses_are_understood(host: str, address: str) -> None:
    assert literal(host) == ip_address(address)


@pytest.mark.parametrize("host", ["example.com", "1.example.com", "cafe", "face.b00c", "4chan.org", "x", ""])
def test_a_name_is_no_address(host: str) -> None:
    assert literal(host) is None


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("64:ff9b::a01:203", "10.1.2.3"),
        ("2002:a01:203::1", "10.1.2.3"),
        ("::10.1.2.3", "10.1.2.3"),
        ("::1", "::1"),
        ("2606:4700::1111", "2606:4700::1111"),
    ],
)
def test_addresses_within_addresses_are_found(outer: str, inner: str) -> None:
    assert embedded(ip_address(outer)) == ip_address(inner)


def test_the_metadata_service_is_named() -> None:
    with pytest.raises(OutboundRefused, match=r"'169\.254\.169\.254': it is the cloud's metadata service"):
        AddressRules().check_host("169.254.169.254", 80)


def test_the_remedy_can_be_copied() -> None:
    with pytest.raises(
        OutboundRefused, match=r"add \[::1\]:8080 there.*FLOWSTUDIO_ALLOW_HOSTS=\[::1\]:8080 does"
    ):
        AddressRules().check_host("::1", 8080)
    AddressRules(["[::1]:8080"]).check_host("::1", 8080)


def test_a_zone_is_refused() -> None:
    with pytest.raises(OutboundRefused, match="network interface"):
        AddressRules(["fe80::/10"]).check_host("fe80::1%25eth0", 80)


@pytest.mark.parametrize(
    ("entry", "host", "port", "allowed"),
    [
        ("10.0.0.0/8", "10.1.2.3", 80, True),
        ("10.0.0.0/8", "::ffff:10.1.2.3", 80, True),
        ("10.0.0.0/8", "192.168.0.1", 80, False),
        ("10.0.0.5", "10.0.0.5", 99, True),
        ("10.0.0.5:80", "10.0.0.5", 80, True),
        ("10.0.0.5:80", "10.0.0.5", 81, False),
        ("10.0.0.5:80", "10.0.0.6", 80, False),
        ("::1", "::1", 80, True),
        ("fd00::/8", "fd12::1", 80, True),
        ("127.0.0.1", "2130706433", 80, True),
        ("0.0.0.0/0", "::1", 80, False),
    ],
)
def test_the_admin_allows_networks(entry: str, host: str, port: int, allowed: bool) -> None:
    rules = AddressRules([entry])
    if allowed:
        rules.check_host(host, port)
    else:
        with pytest.raises(OutboundRefused):
            rules.check_host(host, port)


@pytest.mark.parametrize(
    ("entry", "host", "port", "allowed"),
    [
        ("Intranet.Local", "intranet.local.", 80, True),
        ("intranet.local", "other.local", 80, False),
        ("intranet.local", "a.intranet.local", 80, False),
        ("intranet.local:8080", "intranet.local", 8080, True),
        ("intranet.local:8080", "intranet.local", 80, False),
        ("*.intranet.local", "a.b.intranet.local", 80, True),
        ("*.intranet.local", "intranet.local", 80, False),
        ("*.intranet.local", "evilintranet.local", 80, False),
        ("*.intranet.local:81", "a.intranet.local", 80, False),
        ("127.0.0.1:5000", "localhost", 5000, True),
    ],
)
def test_the_admin_allows_names(entry: str, host: str, port: int, allowed: bool) -> None:
    rules, address = AddressRules([entry]), ip_address("127.0.0.1")
    if allowed:
        rules.check_address(host, address, port)
    else:
        with pytest.raises(OutboundRefused):
            rules.check_address(host, address, port)


@pytest.mark.parametrize(
    "entry", ["http://x", "a/b", "10.0.0.0/99", "*", "a*b", "x:99999", "x:y", "u@h", "::1:2:zz"]
)
def test_a_wrong_entry_is_named(entry: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a host"):
        AddressRules([entry])


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("example.org", "EXAMPLE.org."),
        ("*.example.org", "a.example.org"),
        ("8.8.8.0/24", "8.8.8.8"),
        ("8.8.8.8", "134744072"),
        ("8.8.8.8", "::ffff:8.8.8.8"),
    ],
)
def test_what_is_denied_is_refused_even_if_it_is_public_and_allowed(entry: str, host: str) -> None:
    rules = AddressRules([entry], [entry])
    with pytest.raises(OutboundRefused, match="has denied it"):
        rules.check_host(host, 443)
    rules.use([entry], [])
    rules.check_host(host, 443)


def test_a_name_that_leads_to_a_denied_address_is_refused() -> None:
    with pytest.raises(OutboundRefused, match=r"'cdn\.example': an admin"):
        AddressRules(deny=["8.8.8.0/24"]).check_address("cdn.example", ip_address("8.8.8.8"), 443)
