"""The product's settings, but for one: webhooks may call this machine, where the kit listens for them."""

from config.settings import *  # noqa: F403

WEBHOOKS_ALLOW_PRIVATE = True
