"""HTTPS on the loopback: requests in, answers out, connections cut where misbehaviour asks for it."""

from __future__ import annotations

import contextlib
import functools
import gzip
import json
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import trustme
from tests.sentinel.workspace.fault import Fault, Faults
from tests.sentinel.workspace.message import Answer, Arrived, Request, error, refusal

#: Seconds that a query may take, if the client says nothing.
PATIENCE: Final = 180.0
#: Longer bodies are refused unread.
MAX_BYTES: Final = 64 << 20


@functools.cache
def authority() -> trustme.CA:
    """An authority of our own, one for the process."""
    return trustme.CA()


class Service:
    """What the server serves: `answer` is called in threads of the connections."""

    def __init__(self, answer: Callable[[Request], Answer], *, faults: Faults) -> None:
        self.answer = answer
        self.faults = faults
        self.requests: list[Arrived] = []


class Server(ThreadingHTTPServer):
    """One service at an ephemeral port of 127.0.0.1."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, service: Service) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service = service
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority().issue_cert("127.0.0.1").configure_cert(self._context)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        """Serve."""
        self._thread.start()

    def stop(self) -> None:
        """Serve no more; connections that are open are ended."""
        self.shutdown()
        self._thread.join()
        with self._lock:
            still = list(self._open)
        for connection in still:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        """A connection whose handshake happens in its own thread."""
        plain, address = super().get_request()
        plain.settimeout(60)
        secure = self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(secure)
        return secure, address

    def shutdown_request(self, request: Any) -> None:
        """A connection is over."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is none."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the standard library gives
        """Nothing is printed."""

    def _serve(self) -> None:
        service = self.server.service
        request, wrong = self._read()
        fault = service.faults.take(request.asked, _query_of(request))
        late = None if fault is None else waited(fault, request.headers.get("prefer", ""))
        effect = fault is None or fault.kind in {"slow", "partial", "garbage"} or fault.handled or fault.after > 0
        answer = wrong or late or (service.answer(request) if effect else Answer(500))
        if fault is not None and fault.kind == "partial":
            answer = partial(answer)
        if fault is not None and fault.kind == "status":
            answer = failed(fault)
        status = 0 if fault is not None and fault.kind == "cut" else answer.status
        known = {name: getattr(request, name) for name in Request.__slots__}
        service.requests.append(Arrived(**known, status=status))
        self._write(answer, fault)

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = do_HEAD = _serve  # noqa: N815 - the standard library's names

    def _read(self) -> tuple[Request, Answer | None]:
        length = int(self.headers.get("content-length") or 0)
        split = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        token = headers.get("authorization", "")
        if token:
            scheme, _, secret = token.partition(" ")
            headers["authorization"] = f"{scheme} {'***' if secret.strip() else ''}"
        known = unquote(split.path), dict(parse_qsl(split.query, keep_blank_values=True)), headers
        if length > MAX_BYTES:
            self.close_connection = True
            return Request(self.command, *known, None, length), refusal(413, "The request is too large.").answer
        data = self.rfile.read(length)
        if headers.get("content-encoding", "").lower() == "gzip":
            try:
                data = gzip.decompress(data)
            except (OSError, EOFError, zlib.error):
                return Request(self.command, *known, None, len(data)), error(400, "The body is no gzip.")
        body: Any = None
        if data:
            try:
                body = json.loads(data)
            except ValueError:
                body = data.decode("utf-8", "replace")
        return Request(self.command, *known, body, len(data)), None

    def _write(self, answer: Answer, fault: Fault | None) -> None:
        data = b"" if answer.body is None else json.dumps(answer.body, ensure_ascii=False).encode()
        if fault is not None and fault.kind == "garbage":
            data = data[: len(data) // 2] if len(data) > 1 else b"<html>"
        head = [f"HTTP/1.1 {answer.status} Said\r\n", "Content-Type: application/json; charset=utf-8\r\n"]
        head += [f"{name}: {value}\r\n" for name, value in answer.headers.items()]
        head.append(f"Content-Length: {len(data)}\r\n\r\n")
        whole = "".join(head).encode() + data
        if fault is not None and fault.kind == "cut":
            whole = whole[: fault.after]
            self.close_connection = True
        self.wfile.write(whole)
        self.wfile.flush()


def failed(fault: Fault) -> Answer:
    """The error that a fault answers with."""
    said = error(fault.status, "The workspace was asked to misbehave.")
    if fault.retry_after is None:
        return said
    return Answer(said.status, said.body, {**said.headers, "Retry-After": f"{fault.retry_after:g}"})


def waited(fault: Fault, prefer: str) -> Answer | None:
    """Be slow, if that is the fault; a 504 if the client, or the service itself, won't wait for so long."""
    if fault.kind != "slow":
        return None
    asked = re.search(r"wait=(\d+)", prefer)
    patience = float(asked[1]) if asked else PATIENCE
    time.sleep(min(fault.seconds, patience))
    if fault.seconds <= patience:
        return None
    inner = {"code": "GatewayTimeout", "message": f"The query took longer than {patience:g} seconds."}
    return error(504, "Gateway timeout", code="GatewayTimeout", innererror=inner)


def partial(answer: Answer) -> Answer:
    """The first half of a query's rows, and an error beside it."""
    if answer.status != 200 or not isinstance(answer.body, dict) or "tables" not in answer.body:
        return answer
    tables = [{**table, "rows": table["rows"][: len(table["rows"]) // 2]} for table in answer.body["tables"]]
    return Answer(200, {**answer.body, "tables": tables, "error": partial_error("The query took too much memory.")})


def partial_error(message: str) -> dict[str, Any]:
    """An error beside rows of which some are missing."""
    inner = {"code": "QueryExecutionError", "message": message}
    return {"code": "PartialError", "message": "There were some errors when processing your query.", "details": [inner]}


def _query_of(request: Request) -> str:
    body = request.body
    return str(body.get("query", "")) if isinstance(body, dict) else ""


def write_authority(path: Path) -> None:
    """The certificate of the authority, as PEM."""
    authority().cert_pem.write_to_path(str(path))
