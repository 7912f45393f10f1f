"""gRPC through a route with `http2: true`: a real server behind, a real client in front, TLS between."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from lab import PATIENCE, Gateway, free_port, until

SERVICE = "tollgate.test.Echo"
LARGE = 1 << 20


class Echo(grpc.GenericRpcHandler):
    """Every kind of call, with bytes for messages."""

    def __init__(self):
        self.cancelled = threading.Event()
        self.seen = {}

    def service(self, details):
        method = details.method.rsplit("/", 1)[-1]
        kinds = {
            "One": grpc.unary_unary_rpc_method_handler(self.one),
            "Down": grpc.unary_stream_rpc_method_handler(self.down),
            "Up": grpc.stream_unary_rpc_method_handler(self.up),
            "Both": grpc.stream_stream_rpc_method_handler(self.both),
            "Refuse": grpc.unary_unary_rpc_method_handler(self.refuse),
            "Endless": grpc.unary_stream_rpc_method_handler(self.endless),
        }
        return kinds.get(method)

    def one(self, message, context):
        self.seen = dict(context.invocation_metadata())
        context.send_initial_metadata((("x-first", "1"),))
        context.set_trailing_metadata((("x-last", "2"), ("x-bin", b"\0\xff")))
        return message

    def down(self, message, context):
        yield from (bytes([n]) for n in range(message[0]))

    def up(self, messages, context):
        return b"".join(messages)

    def both(self, messages, context):
        for message in messages:
            yield message[::-1]

    def refuse(self, message, context):
        context.set_trailing_metadata((("x-why", "because"),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today, äöü")

    def endless(self, message, context):
        context.add_callback(self.cancelled.set)
        while not self.cancelled.is_set():
            yield b"more"
            self.cancelled.wait(0.01)


@contextlib.contextmanager
def serving(echo):
    options = [("grpc.max_receive_message_length", LARGE * 4)]
    server = grpc.server(ThreadPoolExecutor(8), handlers=[echo], options=options)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop(0).wait()


class Stub:
    def __init__(self, channel):
        def path(name):
            return f"/{SERVICE}/{name}"

        self.one = channel.unary_unary(path("One"))
        self.down = channel.unary_stream(path("Down"))
        self.up = channel.stream_unary(path("Up"))
        self.both = channel.stream_stream(path("Both"))
        self.refuse = channel.unary_unary(path("Refuse"))
        self.endless = channel.unary_stream(path("Endless"))
        self.missing = channel.unary_unary(path("Missing"))


@pytest.fixture(scope="module")
def lab(authority, tmp_path_factory):
    echo, port = Echo(), free_port()
    files = authority.issue("localhost")
    pair = {"certificate": str(files[0]), "private_key": str(files[1])}
    listener = {"address": f"127.0.0.1:{port}", "tls": {"certificates": [pair]}}
    with serving(echo) as server:
        route = {"path": "/", "to": server, "http2": True, "public": True}
        sites = [
            {"hosts": ["*"], "routes": [{"path": "/", "to": "gateway"}]},
            {"hosts": ["localhost"], "routes": [route]},
        ]
        edge = {"listeners": [listener], "sites": sites}
        with Gateway(tmp_path_factory.mktemp("grpc"), edge) as gateway:
            gateway.ready()
            trust = grpc.ssl_channel_credentials(authority.roots.read_bytes())
            options = [("grpc.max_receive_message_length", LARGE * 4)]
            with grpc.secure_channel(f"localhost:{port}", trust, options) as channel:
                yield echo, Stub(channel)


def test_a_message_and_its_answer_with_metadata_on_both_ends(lab):
    echo, stub = lab
    metadata = (("x-own", "value"), ("x-own-bin", b"\0\1\xff"))
    answer, call = stub.one.with_call(b"hello", metadata=metadata, timeout=PATIENCE)
    assert answer == b"hello"
    assert echo.seen["x-own"] == "value" and echo.seen["x-own-bin"] == b"\0\1\xff"
    assert ("x-first", "1") in tuple(call.initial_metadata())
    trailing = dict(call.trailing_metadata())
    assert trailing["x-last"] == "2" and trailing["x-bin"] == b"\0\xff"
    assert call.code() == grpc.StatusCode.OK


def test_streams_down_up_and_both_ways(lab):
    _, stub = lab
    assert [m[0] for m in stub.down(bytes([200]), timeout=PATIENCE)] == list(range(200))
    pieces = [bytes([n]) * 100 for n in range(100)]
    assert stub.up(iter(pieces), timeout=PATIENCE) == b"".join(pieces)
    # Each message waits for the answer to the one before it.
    answered = threading.Semaphore(1)

    def asking():
        for n in range(50):
            assert answered.acquire(timeout=PATIENCE)
            yield b"a%d" % n

    for n, answer in enumerate(stub.both(asking(), timeout=PATIENCE)):
        assert answer == (b"a%d" % n)[::-1]
        answered.release()


def test_large_messages(lab):
    _, stub = lab
    message = bytes(range(256)) * (LARGE * 3 // 256)
    assert stub.one(message, timeout=PATIENCE) == message


@pytest.mark.parametrize("name, code", [("refuse", "FAILED_PRECONDITION"), ("missing", "UNIMPLEMENTED")])
def test_a_status_is_the_servers(lab, name, code):
    _, stub = lab
    with pytest.raises(grpc.RpcError) as told:
        getattr(stub, name)(b"x", timeout=PATIENCE)
    assert told.value.code() == grpc.StatusCode[code]
    if name == "refuse":
        assert told.value.details() == "not today, äöü"
        assert dict(told.value.trailing_metadata())["x-why"] == "because"


def test_a_cancelled_call_ends_at_the_server(lab):
    echo, stub = lab
    call = stub.endless(b"x")
    assert next(call) == b"more"
    call.cancel()
    until("the server's call to end", echo.cancelled.is_set)


def test_many_calls_share_a_connection(lab):
    _, stub = lab
    calls = [stub.one.future(b"%d" % n, timeout=PATIENCE) for n in range(200)]
    assert [call.result() for call in calls] == [b"%d" % n for n in range(200)]
