"""Who asks Azure, and that nothing goes where nobody said."""

from __future__ import annotations

import datetime as dt
import http.server
import ssl
import threading

import pytest
import trustme

pytest.importorskip("azure.monitor.query", reason="the extra `sentinel` is not installed")

from azure.core.exceptions import HttpResponseError

from vedette.errors import UsageError
from vedette.sentinel.connection import AUTHS, CLOUDS, TOKEN_VARIABLE, connect


@pytest.fixture
def elsewhere(tmp_path):
    """A server that sends everybody on to another address of its own, and says what came there."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(307)
            self.send_header("Location", f"https://localhost:{self.headers['Host'].rpartition(':')[2]}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args):
            pass

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}", str(tmp_path / "ca.pem"), asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_rows_and_queries_follow_no_redirection(elsewhere, monkeypatch):
    endpoint, verify, asked = elsewhere
    monkeypatch.setenv(TOKEN_VARIABLE, "secret-of-mine")
    connection = connect("token", endpoint=endpoint, verify=verify)
    # What the client makes of such an answer is its own matter.
    with connection.logs(retry_total=0) as logs, pytest.raises((HttpResponseError, ValueError)):
        logs.query_workspace("w", "T", timespan=dt.timedelta(1))
    with connection.ingestion(endpoint, retry_total=0) as ingestion, pytest.raises(HttpResponseError):
        ingestion.upload("dcr-1", "Custom-T", [{"a": "b"}])
    assert len(asked) == 2
    assert not any("elsewhere" in path for path in asked)
    assert "secret-of-mine" not in repr(connection)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"auth": "token"}, "VEDETTE_AZURE_TOKEN"),
        ({"cloud": "moon"}, "no cloud is called 'moon'"),
        ({"endpoint": "http://gateway"}, "by https only"),
        ({"verify": "/nowhere.pem"}, "no file of certificates"),
        ({"auth": "workload"}, "--auth workload"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_sent(options, why, monkeypatch):
    for name in (TOKEN_VARIABLE, "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match=why):
        connect(**options)


def test_every_other_way_to_ask_and_every_cloud_makes_a_connection(monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, "t")
    for auth in AUTHS:
        if auth != "workload":
            assert connect(auth).credential is not None
    for cloud, addresses in CLOUDS.items():
        assert connect("cli", cloud=cloud).cloud is addresses
