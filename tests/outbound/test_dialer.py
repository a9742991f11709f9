from collections.abc import Sequence

import httpcore
import pytest

from flowstudio.errors import OutboundRefused
from flowstudio.outbound.addresses import AddressRules
from flowstudio.outbound.dialer import VettedDialer
from tests.outbound.server import Reply, serving


class Answers:
    """A resolver that gives one answer after the other, and counts how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers.pop(0)


async def test_a_name_that_resolves_to_loopback_is_refused() -> None:
    dialer = VettedDialer(AddressRules(), Answers(["127.0.0.1"]))
    with pytest.raises(OutboundRefused, match=r"'innocent\.example': it is this machine itself"):
        await dialer.connect_tcp("innocent.example", 80)


async def test_the_vetted_address_is_the_one_that_is_connected_to() -> None:
    async with serving(lambda request: Reply()) as server:
        resolver = Answers(["127.0.0.1"], ["169.254.169.254"])
        dialer = VettedDialer(AddressRules(["127.0.0.1"]), resolver)
        stream = await dialer.connect_tcp("rebinding.example", server.port)
        peer = stream.get_extra_info("server_addr")
        await stream.aclose()
    assert peer == ("127.0.0.1", server.port)
    assert resolver.asked == 1


async def test_only_allowed_addresses_of_a_name_are_tried() -> None:
    async with serving(lambda request: Reply()) as server:
        dialer = VettedDialer(AddressRules(["127.0.0.1"]), Answers(["10.0.0.1", "::1", "127.0.0.1"]))
        stream = await dialer.connect_tcp("mixed.example", server.port, timeout=5)
        assert stream.get_extra_info("server_addr")[0] == "127.0.0.1"
        await stream.aclose()


async def test_the_next_address_is_tried_when_one_refuses() -> None:
    async with serving(lambda request: Reply()) as server:
        dialer = VettedDialer(AddressRules(["127.0.0.0/8"]), Answers(["127.0.0.2", "127.0.0.1"]))
        stream = await dialer.connect_tcp("two.example", server.port)
        assert stream.get_extra_info("server_addr")[0] == "127.0.0.1"
        await stream.aclose()


async def test_an_unknown_name_is_a_connection_error() -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise OSError("no such host")

    with pytest.raises(httpcore.ConnectError, match=r"no server named 'nowhere\.example'"):
        await VettedDialer(AddressRules(), nobody).connect_tcp("nowhere.example", 80)


async def test_sockets_in_the_file_system_are_refused() -> None:
    with pytest.raises(OutboundRefused):
        await VettedDialer(AddressRules()).connect_unix_socket("/run/docker.sock")
