"""What goes to a host: the client's own order of columns, for a table's first column is not its alphabet's first."""

from __future__ import annotations

import json

from doubles import route

from inference_backend.predictions import host_work, parse_body


def test_columns_and_fields_keep_their_order() -> None:
    rows = route("profile", runtime="host", input_kinds={"rows": {"kind": "table", "min_rows": 1, "max_rows": 10}})
    body = parse_body(b'{"input": {"rows": [{"id": 1, "city": "Bonn", "age": 3}]}}', "application/json")
    tensors = {tensor.name: tensor for tensor in host_work(rows, body, lambda *_: None).inputs}
    sent = json.loads(tensors["request"].strings()[0])
    assert list(sent["input"]["rows"][0]) == ["id", "city", "age"]
