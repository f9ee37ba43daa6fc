"""A Stripe of our own for tests and for the demo: the requests of the installed `stripe` library, no real money.

Owns: the request contract derived from the wheel, idempotency, test cards, faults, signed webhooks, hosted pages, a
clock. Does not own: anything of the product; it shares no table and no code with the rest of billing, and is reached
only over HTTP, by the same client and the same code path as Stripe itself. `python -m billing.sandbox_stripe` runs it.
"""
