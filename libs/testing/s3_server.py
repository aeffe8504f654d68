"""An S3 server in memory for tests. Prints its port, then serves until it is killed.

One request at a time: moto's own server answers several at once, and then lets two writers pass `If-None-Match: *` together, which S3 never does.
"""

import socket
import sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def main():
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sys.stderr = open("/dev/null", "w", encoding="utf-8")
    print(server.server_port, flush=True)
    server.serve_forever()


main()
