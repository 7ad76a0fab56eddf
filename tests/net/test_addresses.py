"""Which addresses a URL from outside may reach: every special-purpose range, at both of its ends, in every disguise."""

from ipaddress import ip_network

import pytest

from imgforge_mcp.net.addresses import is_public

SPECIAL = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32", "::/128", "::1/128", "::ffff:0:0/96", "64:ff9b:1::/48"),
    *("100::/64", "2001::/23", "2001::/32", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7"),
    *("fe80::/10", "fec0::/10", "ff00::/8"),
]


@pytest.mark.parametrize("network", SPECIAL)
def test_neither_end_of_a_special_range_is_public(network: str) -> None:
    parsed = ip_network(network)
    assert not is_public(str(parsed[0]))
    assert not is_public(str(parsed[-1]))


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("::ffff:169.254.169.254", id="mapped"),
        pytest.param("::ffff:8.8.8.8", id="mapped public"),
        pytest.param("::127.0.0.1", id="compatible"),
        pytest.param("2002:7f00:1::", id="6to4"),
        pytest.param("2001:0:7f00:1::", id="Teredo"),
        pytest.param("64:ff9b::7f00:1", id="NAT64"),
        pytest.param("64:ff9b::a9fe:a9fe", id="NAT64 of the metadata service"),
        pytest.param("64:ff9b:1::1", id="local NAT64"),
        pytest.param("fe80::1%eth0", id="with a zone"),
        pytest.param("192.0.0.192", id="a cloud's metadata service"),
        pytest.param("100.100.100.200", id="another's"),
        pytest.param("fd00:ec2::254", id="a third's"),
    ],
)
def test_a_disguise_does_not_help(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "text", ["", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "１.1.1.1", "1.1.1.1 "]
)
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255"),
        *("172.32.0.0", "192.0.1.0", "192.167.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255"),
        *("2606:4700::1111", "2a00:1450:4001::200e", "64:ff9b::808:808"),
    ],
)
def test_their_neighbours_are_public(address: str) -> None:
    assert is_public(address)
