"""Mail servers for the tests: smtp_sink.py PORT CERTIFICATE KEY

PORT: without TLS and password; PORT + 1: STARTTLS and a password; PORT + 2: TLS and a password; PORT + 3, over HTTPS:

GET /messages     what was taken, as JSON, oldest first
PUT /refuse       {"code": 451, "times": 2}: that many of the next messages are refused

Addresses at `refused.example` are not known here.
"""

import email
import email.policy
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

taken = []
refuse = {"code": 451, "times": 0}
lock = threading.Lock()


class Sink:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.endswith("@refused.example"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, server, session, envelope):
        with lock:
            if refuse["times"] > 0:
                refuse["times"] -= 1
                return f"{refuse['code']} refused as told"
            message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
            taken.append({
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "tls": session.ssl is not None,
                "user": session.auth_data,
                "subject": message["subject"],
                "id": message["message-id"],
                "text": message.get_content(),
                "defects": [str(defect) for part in message.walk() for defect in part.defects],
            })
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    sound = (data.login, data.password) == (b"lochan", b"p@ss:word")
    return AuthResult(success=sound, handled=sound, auth_data=data.login.decode())


class Api(BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with lock:
            self.answer(taken)

    def do_PUT(self):
        with lock:
            refuse.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(refuse)

    def log_message(self, *args):
        pass


class TlsController(Controller):
    """TLS from the first byte; the session then says so as one with STARTTLS does."""

    def factory(self):
        return SMTP(self.handler, auth_require_tls=False, authenticator=authenticate, auth_required=True)


def main():
    port, certificate, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    Controller(Sink(), hostname="127.0.0.1", port=port).start()
    Controller(Sink(), hostname="127.0.0.1", port=port + 1, tls_context=context, require_starttls=True,
               authenticator=authenticate, auth_required=True).start()
    TlsController(Sink(), hostname="127.0.0.1", port=port + 2, ssl_context=context).start()
    server = ThreadingHTTPServer(("127.0.0.1", port + 3), Api)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


main()
