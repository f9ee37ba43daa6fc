"""A service on this machine: the Open Inference Protocol and the platform's prediction call, without the platform."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tessera.errors import TesseraError
from tessera.oip import DTYPES, HEADER, _numpy, packed, unpacked

if TYPE_CHECKING:
    from tessera.service.base import ModelService

MAX_BODY = 64 << 20
_MODEL = re.compile(r"/v2/models/([^/]+)(?:/versions/(\d+))?(/ready|/infer)?/?")
_PREDICT = re.compile(r"/api/v1/models/([^/]+)/predictions/?")


class Server:
    """Runs in threads of its own; `url` is where."""

    def __init__(self, service: ModelService, host: str, port: int) -> None:
        handler = type("Handler", (_Handler,), {"service": service})
        self._http = ThreadingHTTPServer((host, port), handler)
        self._http.daemon_threads = True
        self.url = f"http://{host}:{self._http.server_address[1]}"
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def serve_forever(self) -> None:
        print(f"{self.url}/v2/models/… and {self.url}/api/v1/models/…/predictions; Ctrl-C ends it")
        try:
            self._http.serve_forever()
        except KeyboardInterrupt:
            self.close()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Refused(Exception):
    def __init__(self, status: int, detail: str) -> None:
        self.status, self.detail = status, detail
        super().__init__(detail)


class _Handler(BaseHTTPRequestHandler):
    service: ModelService
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the caller sees the answers."""

    def _answer(self, do: Any) -> None:
        try:
            body, headers = do(self.path.split("?")[0])
            self._send(200, body, headers)
        except _Refused as refused:
            self._send(refused.status, {"error": refused.detail, "detail": refused.detail, "status": refused.status})
        except (TesseraError, ValueError, KeyError, TypeError) as error:
            self._send(422, {"error": str(error), "detail": str(error), "status": 422, "code": "model_error"})

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _get(self, path: str) -> tuple[Any, dict[str, str]]:
        if path.rstrip("/") == "/v2":
            return {"name": "tessera-local", "version": "1", "extensions": ["binary_tensor_data"]}, {}
        if path in ("/v2/health/live", "/v2/health/ready"):
            return {path.rsplit("/", 1)[1]: True}, {}
        if (found := _MODEL.fullmatch(path)) and found[3] in (None, "/ready"):
            self._own(found[1], found[2])
            if found[3]:
                return {"name": self.service.name, "ready": True}, {}
            net = self.service._net()
            return {"name": self.service.name, "versions": ["1"], "platform": "onnx",
                    "inputs": [t.document() for t in net.inputs], "outputs": [t.document() for t in net.outputs]}, {}
        raise _Refused(404, f"there is no {path}")

    def _post(self, path: str) -> tuple[Any, dict[str, str]]:
        size = int(self.headers.get("Content-Length") or 0)
        if size > MAX_BODY:
            self.close_connection = True
            raise _Refused(413, f"at most {MAX_BODY} bytes")
        content = self.rfile.read(size)
        if (found := _MODEL.fullmatch(path)) and found[3] == "/infer":
            self._own(found[1], found[2])
            return self._infer(content)
        if found := _PREDICT.fullmatch(path):
            self._own(found[1], None)
            return self._predict(content), {}
        raise _Refused(404, f"there is no {path}")

    def _own(self, name: str, version: str | None) -> None:
        if name != self.service.name or version not in (None, "1"):
            raise _Refused(404, f"this serves {self.service.name}, version 1")

    def _infer(self, content: bytes) -> tuple[Any, dict[str, str]]:
        np = _numpy()
        length = int(self.headers.get(HEADER) or len(content))
        try:
            document, offset, inputs = json.loads(content[:length]), length, {}
            for tensor in document["inputs"]:
                size = tensor.get("parameters", {}).get("binary_data_size")
                if size is not None:
                    inputs[tensor["name"]] = unpacked(content[offset:offset + size], tensor["datatype"],
                                                      tensor["shape"])
                    offset += size
                else:
                    kind = object if tensor["datatype"] == "BYTES" else DTYPES[tensor["datatype"]]
                    inputs[tensor["name"]] = np.array(tensor["data"], dtype=kind).reshape(tensor["shape"])
        except (ValueError, KeyError, TypeError) as error:
            raise _Refused(400, f"not an inference request: {error}") from None
        try:
            outputs = self.service._net().run(inputs)
        except Exception as error:  # onnxruntime raises its own kinds, none of them public
            raise _Refused(422, str(error)) from None
        answer: dict[str, Any] = {"model_name": self.service.name, "model_version": "1"}
        if "id" in document:
            answer["id"] = document["id"]
        if not document.get("parameters", {}).get("binary_data_output"):
            return {**answer, "outputs": [self._listed(name, array) for name, array in outputs.items()]}, {}
        described, chunks = [], []
        for name, array in outputs.items():
            datatype, shape, data = packed(name, array)
            described.append({"name": name, "datatype": datatype, "shape": shape,
                              "parameters": {"binary_data_size": len(data)}})
            chunks.append(data)
        head = json.dumps({**answer, "outputs": described}, separators=(",", ":")).encode()
        return head + b"".join(chunks), {HEADER: str(len(head)), "Content-Type": "application/octet-stream"}

    @staticmethod
    def _listed(name: str, array: Any) -> dict[str, Any]:
        datatype, shape, _ = packed(name, array)
        flat = [item.decode() if isinstance(item, bytes) else item for item in array.reshape(-1).tolist()]
        return {"name": name, "datatype": datatype, "shape": shape, "data": flat}

    def _predict(self, content: bytes) -> dict[str, Any]:
        try:
            body = json.loads(content)
            given, parameters = dict(body["input"]), dict(body.get("parameters") or {})
        except (ValueError, KeyError, TypeError):
            raise _Refused(400, "send {\"input\": {…}, \"parameters\": {…}}") from None
        for name, kind in self.service.signature().fields.items():
            if kind.name == "image" and isinstance(given.get(name), str):
                given[name] = base64.b64decode(given[name].rpartition(",")[2])
        began = time.perf_counter()
        output = self.service(**given, **parameters)
        return {"id": f"pred_{uuid.uuid4().hex}", "object": "prediction", "model": self.service.name, "version": 1,
                "status": "succeeded", "progress": 1.0, "output": output, "metadata": {}, "error": None,
                "usage": {"unit": "call", "units": 1, "cost": "0", "currency": "",
                          "compute_ms": round((time.perf_counter() - began) * 1000, 3)}}
