"""A real HTTP server on the loopback that records what it gets, and answers as it is told: well, badly, or not at all."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Told", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Request:
    line: str
    headers: dict[str, str]
    body: bytes
    number: int  # of the requests with this key, from 1


@dataclass
class Receiver:
    """Behaviour is a function of (socket, request) that sends what it likes; the connection stays open where it returns True."""

    behave: object = None
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    open_connections: int = 0

    def __post_init__(self):
        self.seen = Counter()
        self.lock = threading.Lock()
        self.stopped = threading.Event()

    def __enter__(self):
        owner = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with owner.lock:
                    owner.open_connections += 1
                with contextlib.suppress(OSError, ssl.SSLError):
                    connection = self.request
                    if owner.tls is not None:
                        connection = owner.tls.wrap_socket(connection, server_side=True)
                    while (request := owner.read(connection)) is not None:
                        if not owner.behave(connection, request):
                            break
                    connection.close()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False
            allow_reuse_address = True
            request_queue_size = 50

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()

    def url(self, path="/hook"):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{path}"

    def read(self, connection: socket.socket) -> Request | None:
        data = b""
        while b"\r\n\r\n" not in data:
            part = connection.recv(65_536)
            data += part
            if not part or not data[:1].isalpha():  # gone, or no HTTP
                return None
        head, _, body = data.partition(b"\r\n\r\n")
        line, *rest = head.decode("latin-1").split("\r\n")
        headers = {n.lower(): v for n, v in (x.split(": ", 1) for x in rest)}
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65_536)
        with self.lock:
            key = headers.get("idempotency-key", "")
            self.seen[key] += 1
            request = Request(line, headers, body, self.seen[key])
            self.requests.append(request)
        return request

    def drip(self, connection: socket.socket, data: bytes, pause: float = 0.1) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            if self.stopped.wait(pause):
                return

    def hang(self, connection: socket.socket, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        connection.settimeout(0.1)
        while time.monotonic() < end and not self.stopped.is_set():
            with contextlib.suppress(TimeoutError):
                if not connection.recv(1):
                    return


def well(connection: socket.socket, request: Request) -> bool:
    connection.sendall(OK)
    return True


def saying(data: bytes, *, close: bool = False):
    """Answer every request with these bytes."""

    def behave(connection, request):
        connection.sendall(data)
        return not close

    return behave


def certificate(folder, *, name="127.0.0.1"):
    """Make a certificate of its own authority; return the server's context and the file to trust."""
    import datetime as dt
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "churn test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    trusted = folder / "trusted.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(secret + trusted.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context, trusted
