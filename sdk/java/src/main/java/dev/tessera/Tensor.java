package dev.tessera;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A tensor of the Open Inference Protocol: datatype, shape, and its bytes in row-major little-endian order. */
public final class Tensor {
    private static final String LENGTH = "Inference-Header-Content-Length";
    private final String datatype;
    private final long[] shape;
    private final byte[] data;

    private Tensor(String datatype, long[] shape, byte[] data) {
        this.datatype = datatype;
        this.shape = shape.clone();
        this.data = data;
    }

    /** FP32 of that shape. */
    public static Tensor of(float[] values, long... shape) {
        ByteBuffer out = buffer(values.length * 4);
        for (float value : values) {
            out.putFloat(value);
        }
        return checked("FP32", values.length, shape, out);
    }

    /** FP64 of that shape. */
    public static Tensor of(double[] values, long... shape) {
        ByteBuffer out = buffer(values.length * 8);
        for (double value : values) {
            out.putDouble(value);
        }
        return checked("FP64", values.length, shape, out);
    }

    /** INT32 of that shape. */
    public static Tensor of(int[] values, long... shape) {
        ByteBuffer out = buffer(values.length * 4);
        for (int value : values) {
            out.putInt(value);
        }
        return checked("INT32", values.length, shape, out);
    }

    /** INT64 of that shape. */
    public static Tensor of(long[] values, long... shape) {
        ByteBuffer out = buffer(values.length * 8);
        for (long value : values) {
            out.putLong(value);
        }
        return checked("INT64", values.length, shape, out);
    }

    /** BYTES of that shape: texts. */
    public static Tensor of(String[] values, long... shape) {
        List<byte[]> encoded = new ArrayList<>();
        int size = 0;
        for (String value : values) {
            encoded.add(value.getBytes(StandardCharsets.UTF_8));
            size += 4 + encoded.get(encoded.size() - 1).length;
        }
        ByteBuffer out = buffer(size);
        encoded.forEach(value -> out.putInt(value.length).put(value));
        return checked("BYTES", values.length, shape, out);
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static Tensor checked(String datatype, int count, long[] shape, ByteBuffer out) {
        long wanted = 1;
        for (long size : shape) {
            wanted *= size;
        }
        if (wanted != count) {
            throw new IllegalArgumentException("a tensor of this shape has " + wanted + " values, not " + count);
        }
        return new Tensor(datatype, shape, out.array());
    }

    /** FP32, INT64, BYTES, … */
    public String getDatatype() {
        return datatype;
    }

    /** The size of each dimension. */
    public long[] getShape() {
        return shape.clone();
    }

    /** The values of an FP32 tensor. */
    public float[] floats() {
        ByteBuffer in = read("FP32");
        float[] found = new float[data.length / 4];
        for (int index = 0; index < found.length; index++) {
            found[index] = in.getFloat();
        }
        return found;
    }

    /** The values of an FP64 tensor. */
    public double[] doubles() {
        ByteBuffer in = read("FP64");
        double[] found = new double[data.length / 8];
        for (int index = 0; index < found.length; index++) {
            found[index] = in.getDouble();
        }
        return found;
    }

    /** The values of an INT64 tensor. */
    public long[] longs() {
        ByteBuffer in = read("INT64");
        long[] found = new long[data.length / 8];
        for (int index = 0; index < found.length; index++) {
            found[index] = in.getLong();
        }
        return found;
    }

    /** The texts of a BYTES tensor. */
    public String[] texts() {
        ByteBuffer in = read("BYTES");
        List<String> found = new ArrayList<>();
        while (in.hasRemaining()) {
            byte[] value = new byte[in.getInt()];
            in.get(value);
            found.add(new String(value, StandardCharsets.UTF_8));
        }
        return found.toArray(new String[0]);
    }

    /** The bytes as they came, for the other datatypes. */
    public byte[] bytes() {
        return data.clone();
    }

    private ByteBuffer read(String wanted) {
        if (!datatype.equals(wanted)) {
            throw new IllegalStateException("the tensor is " + datatype + ", not " + wanted);
        }
        return ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    }

    static Map<String, Tensor> exchange(Transport transport, String path, Map<String, Tensor> inputs) {
        List<Object> heads = new ArrayList<>();
        int size = 0;
        for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
            Tensor tensor = input.getValue();
            heads.add(Map.of("name", input.getKey(), "datatype", tensor.datatype, "shape", tensor.shape,
                    "parameters", Map.of("binary_data_size", tensor.data.length)));
            size += tensor.data.length;
        }
        byte[] head = Json.write(Map.of("inputs", heads, "parameters", Map.of("binary_data_output", true)))
                .getBytes(StandardCharsets.UTF_8);
        ByteBuffer body = ByteBuffer.allocate(head.length + size).put(head);
        inputs.values().forEach(tensor -> body.put(tensor.data));
        return decode(transport.bytes(new Transport.Call("POST", path)
                .bytes(body.array(), "application/octet-stream").header(LENGTH, String.valueOf(head.length))));
    }

    private static Map<String, Tensor> decode(Transport.Answer<byte[]> answer) {
        int at = answer.headers.firstValue(LENGTH).map(Integer::parseInt)
                .orElseThrow(() -> new TesseraException("the answer is not binary"));
        Object read = Json.parse(new String(answer.body, 0, at, StandardCharsets.UTF_8));
        Map<String, Tensor> found = new LinkedHashMap<>();
        for (JsonObject head : new JsonObject((Map<?, ?>) read).objects("outputs")) {
            int size = (int) head.object("parameters").orElseThrow().whole("binary_data_size");
            byte[] data = new byte[size];
            System.arraycopy(answer.body, at, data, 0, size);
            at += size;
            long[] shape = head.list("shape").stream().mapToLong(item -> ((Number) item).longValue()).toArray();
            found.put(head.text("name"), new Tensor(head.text("datatype"), shape, data));
        }
        return found;
    }
}
