"""The checks, in the order of the specification's sections. Importing this package registers all of them."""

from tessera_conformance.checks import (  # noqa: F401, I001  (the order is the table's)
    discovery,
    identity,
    native,
    oip_rest,
    oip_grpc,
    openai,
    equality,
    failures,
    idempotency,
    lists,
    jobs,
    webhooks,
    files,
    money,
)
