"""MLServer's way to serve an ONNX file: its own codec around one onnxruntime session with one thread."""

import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class OnnxModel(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            self.settings.parameters.uri, options, providers=["CPUExecutionProvider"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        feed = {entry.name: NumpyCodec.decode_input(entry) for entry in payload.inputs}
        arrays = self._session.run(None, feed)
        return InferenceResponse(model_name=self.name, outputs=[
            NumpyCodec.encode_output(spec.name, array)
            for spec, array in zip(self._session.get_outputs(), arrays, strict=True)])
