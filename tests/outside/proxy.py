"""What stands between an engine and the catalog: notes each request, and can lose replies."""

import http.client
import http.server
import threading
from dataclasses import dataclass


@dataclass
class Exchange:
    method: str
    path: str
    request_body: bytes
    status: int
    response_body: bytes


class Proxy:
    """Passes requests on to `target`. A reply that `loses(exchange)` says so of never arrives."""

    def __init__(self, target, loses=lambda exchange: False):
        self.exchanges = []
        proxy = self
        host = target.removeprefix("http://")

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                upstream = http.client.HTTPConnection(host)
                upstream.request(self.command, self.path, body, dict(self.headers))
                reply = upstream.getresponse()
                exchange = Exchange(self.command, self.path, body, reply.status, reply.read())
                upstream.close()
                proxy.exchanges.append(exchange)
                if loses(exchange):
                    self.close_connection = True
                    return
                self.send_response_only(reply.status)
                for name, value in reply.getheaders():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(exchange.response_body)

            do_GET = do_HEAD = do_POST = do_DELETE = pass_on

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.uri = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
