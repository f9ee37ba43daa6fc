package dev.tessera;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Several analyses of one image. Each is billed as a call of its own; one that failed is not. */
public final class ImageAnalysisResult extends JsonObject {
    ImageAnalysisResult(JsonObject record) {
        super(record.asMap());
    }

    /** What object detection found. */
    public List<DetectedObject> getDetectedObjects() {
        return objects("detected_objects").stream().map(DetectedObject::new).collect(Collectors.toList());
    }

    /** What text recognition read, or null where it was not asked for. */
    public String getRecognizedText() {
        return text("recognized_text");
    }

    /** One analysis: {@code model, version, output, warnings, usage, error}. */
    public Optional<JsonObject> getResult(AnalysisType type) {
        return getResult(type.name());
    }

    /** One analysis by the name that it was asked for with. */
    public Optional<JsonObject> getResult(String type) {
        return object("results").flatMap(results -> results.object(type));
    }
}
