package dev.tessera;

/** What {@link AIClient#analyzeImage} looks for. Other tasks of the catalogue are named by their text. */
public enum AnalysisType {
    /** Things, each in a box with a label. */
    OBJECT_DETECTION,
    /** Text and where it stands. */
    TEXT_RECOGNITION,
    /** Faces with their key points. */
    FACE_DETECTION,
    /** Bar codes and QR codes. */
    BARCODE_RECOGNITION,
    /** Labels of the whole picture. */
    IMAGE_CLASSIFICATION,
    /** Sharpness, exposure, noise. */
    IMAGE_QUALITY
}
