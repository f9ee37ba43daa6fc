"""The protocol codec: exact round trips against numpy, and nothing but a Problem from hostile bodies."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from inference_backend import oip
from kernel.contracts import TensorSpec
from kernel.problems import Problem

X = (TensorSpec("X", "FP32", (-1, 4)),)
Y = (TensorSpec("Y", "FP32", (-1, 4)),)


def shapes() -> st.SearchStrategy[tuple[int, ...]]:
    return hnp.array_shapes(max_dims=3, max_side=5)


@st.composite
def arrays(draw: st.DrawFn) -> tuple[str, np.ndarray[Any, Any]]:
    name = draw(st.sampled_from(sorted(oip.DTYPES)))
    finite = {"allow_nan": False, "allow_infinity": False} if name.startswith("FP") else {}
    return name, draw(hnp.arrays(oip.DTYPES[name], shapes(), elements=hnp.from_dtype(oip.DTYPES[name], **finite)))


def body_of(name: str, array: np.ndarray[Any, Any], *, nested: bool) -> bytes:
    data = array.tolist() if nested else array.ravel().tolist()
    return orjson.dumps(
        {"id": "7", "inputs": [{"name": "X", "datatype": name, "shape": list(array.shape), "data": data}]}
    )


@given(arrays(), st.booleans())
def test_json_tensors_are_exact(case: tuple[str, np.ndarray[Any, Any]], nested: bool) -> None:
    name, array = case
    spec = (TensorSpec("X", name, (-1,) * array.ndim),)
    request = oip.parse_infer(body_of(name, array, nested=nested), None, spec, spec)
    (tensor,) = request.inputs
    assert bytes(tensor.data) == array.tobytes()
    assert tensor.shape == array.shape
    rendered, length = oip.render_reply("m", 1, request, request.inputs)
    assert length is None
    answer = orjson.loads(rendered)
    assert answer["id"] == "7"
    assert answer["model_version"] == "1"
    assert np.array(answer["outputs"][0]["data"], oip.DTYPES[name]).tobytes() == array.tobytes()


@given(arrays())
def test_binary_tensors_pass_through_upstream_and_back(case: tuple[str, np.ndarray[Any, Any]]) -> None:
    name, array = case
    spec = (TensorSpec("X", name, (-1,) * array.ndim),)
    parts, length = oip.encode_request([oip.Tensor("X", name, array.shape, array.tobytes())])
    request = oip.parse_infer(b"".join(parts), str(length), spec, spec)
    assert request.binary
    assert bytes(request.inputs[0].data) == array.tobytes()
    body, header = oip.render_reply("m", 3, request, request.inputs)
    (tensor,) = oip.decode_reply(body, header)
    assert np.frombuffer(tensor.data, oip.DTYPES[name]).tobytes() == array.tobytes()


@given(st.lists(st.text(), min_size=1, max_size=8))
def test_strings_are_exact(values: list[str]) -> None:
    spec = (TensorSpec("S", "BYTES", (-1,)),)
    body = orjson.dumps({"inputs": [{"name": "S", "datatype": "BYTES", "shape": [len(values)], "data": values}]})
    request = oip.parse_infer(body, None, spec, spec)
    assert [value.decode() for value in request.inputs[0].strings()] == values
    rendered, _ = oip.render_reply("m", 1, request, request.inputs)
    assert orjson.loads(rendered)["outputs"][0]["data"] == values


def only_problems(body: bytes, header: str | None) -> None:
    try:
        oip.parse_infer(body, header, X, Y)
    except Problem as problem:
        assert problem.code in {"malformed_json", "input_signature_mismatch", "payload_too_large", "invalid_request"}  # noqa: PT017


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "name": st.just("X") | JSON,
        "datatype": st.just("FP32") | JSON,
        "shape": st.lists(st.integers(-3, 2**62), max_size=4) | JSON,
        "data": st.lists(st.floats(allow_nan=False), max_size=8) | JSON,
        "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-5, 2**40)}) | JSON,
    },
)


@given(st.binary(max_size=200), st.none() | st.text(max_size=6) | st.integers(-3, 300).map(str))
def test_random_bytes_are_only_ever_a_problem(body: bytes, header: str | None) -> None:
    only_problems(body, header)


@settings(max_examples=300)
@given(
    st.fixed_dictionaries(
        {"inputs": st.lists(ENTRY, max_size=3) | JSON}, optional={"outputs": JSON, "id": JSON, "parameters": JSON}
    ),
    st.binary(max_size=64),
    st.booleans(),
)
def test_hostile_documents_are_only_ever_a_problem(document: dict[str, Any], tail: bytes, binary: bool) -> None:
    body = orjson.dumps(document)
    only_problems(body + tail if binary else body, str(len(body)) if binary else None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_request"),
        (b"   ", "invalid_request"),
        (b"[" * 1_000_000, "malformed_json"),
        (b"[" * 33 + b"]" * 33, "malformed_json"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "malformed_json"),
        (b'{"a":1,"a":2}', "malformed_json"),
        (b'[{"b":{"a":1,"\\u0061":2}}]', "malformed_json"),
        (b'{"a":NaN}', "malformed_json"),
        (b'{"a":Infinity}', "malformed_json"),
        (b'{"a":1e999}', "malformed_json"),
        (b'{"a":"\xff"}', "malformed_json"),
        (b'{"a":"\\ud800"}', "malformed_json"),
        (b"[1]", "invalid_request"),
    ],
)
def test_bad_json(body: bytes, code: str) -> None:
    with pytest.raises(Problem) as caught:
        oip.parse_infer(body, None, X, Y)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "text", [b"[" * 32 + b"]" * 32, b'{"a":"[[[[{{{{::::","b":[{"a":1},{"a":2}]}', b'["\\\\",":","\\""]']
)
def test_brackets_in_strings_and_allowed_depth(text: bytes) -> None:
    assert oip.parse_json(text) == orjson.loads(text)


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [2**60 + 1, 16]},
        {"shape": [1, 5]},
        {"shape": [1]},
        {"shape": [True, 4]},
        {"shape": [0, 4]},
        {"shape": [-1, 4]},
        {"datatype": "FP64"},
        {"name": "Z"},
        {"data": [1, 2, 3]},
        {"data": [[1, 2], [3, 4]]},
        {"data": [1, 2, 3, "4"]},
        {"data": [1, 2, 3, True]},
        {"data": [1, 2, 3, 1e39]},
        {"data": [[1, 2, 3], [4]]},
        {"data": None},
        {"parameters": {"binary_data_size": 4}},
        {"parameters": {"shared_memory_region": "x"}},
    ],
)
def test_a_tensor_that_is_not_the_signature(change: dict[str, Any]) -> None:
    entry = {"name": "X", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]} | change
    with pytest.raises(Problem):
        oip.parse_infer(orjson.dumps({"inputs": [entry]}), None, X, Y)


def test_a_raw_body_is_the_only_input() -> None:
    array = np.arange(8, dtype="<f4").reshape(2, 4)
    request = oip.parse_infer(array.tobytes(), "0", X, Y)
    assert request.inputs[0].shape == (2, 4)
    with pytest.raises(Problem):
        oip.parse_infer(array.tobytes()[:-1], "0", X, Y)


def test_not_a_number_becomes_null_in_json() -> None:
    request = oip.InferRequest("", (), (), binary=False)
    tensor = oip.Tensor("Y", "FP32", (2,), np.array([np.nan, 1], "<f4").tobytes())
    body, _ = oip.render_reply("m", 1, request, [tensor])
    assert orjson.loads(body)["outputs"][0]["data"] == [None, 1.0]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"outputs":[{}]}', b'{"outputs":[{"name":"a","parameters":{"binary_data_size":9}}]}']
)
def test_an_unreadable_answer_is_a_backend_error(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        oip.decode_reply(body, None)
    assert caught.value.code == "backend_error"
