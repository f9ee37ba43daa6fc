"""`python -m billing.sandbox_stripe`: runs the sandbox until SIGTERM.

Environment: TESSERA_STRIPE_HOST, TESSERA_STRIPE_PORT (where it listens), STRIPE_API_KEY (what callers must show, a
test key), STRIPE_WEBHOOK_SECRET and STRIPE_WEBHOOK_URL (whom it tells), STRIPE_SANDBOX_URL (how browsers reach its
pages), STRIPE_SANDBOX_DATA (its folder).
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path

from billing.sandbox_stripe import contract, operations  # noqa: F401 - importing the operations registers them
from billing.sandbox_stripe.actions import Actions
from billing.sandbox_stripe.delivery import Deliveries
from billing.sandbox_stripe.server import Sandbox, Server
from billing.sandbox_stripe.store import Store


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname).1s %(message)s")
    host = os.environ.get("TESSERA_STRIPE_HOST", "127.0.0.1")
    port = int(os.environ.get("TESSERA_STRIPE_PORT", "8004"))
    folder = Path(os.environ.get("STRIPE_SANDBOX_DATA", "var/stripe"))
    api_key = os.environ.get("STRIPE_API_KEY", "")
    if not api_key.startswith("sk_test_"):
        print("the sandbox takes a test key only: STRIPE_API_KEY must start with sk_test_", file=sys.stderr)
        return 2
    store = Store(folder.joinpath("stripe.db"))
    public_url = os.environ.get("STRIPE_SANDBOX_URL") or f"http://{host}:{port}"
    sandbox = Sandbox(contract.load(folder.joinpath("contract.json")), store, Actions(store, public_url), api_key)
    server = Server((host, port), sandbox)
    deliveries = None
    if os.environ.get("STRIPE_WEBHOOK_URL"):
        deliveries = Deliveries(store, os.environ["STRIPE_WEBHOOK_URL"], os.environ.get("STRIPE_WEBHOOK_SECRET", ""))
        deliveries.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    if deliveries is not None:
        deliveries.stop()
    server.server_close()
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
