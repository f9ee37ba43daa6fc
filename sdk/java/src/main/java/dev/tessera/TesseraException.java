package dev.tessera;

/** The base of everything that this package throws on purpose. */
public class TesseraException extends RuntimeException {
    private static final long serialVersionUID = 1;

    TesseraException(String message) {
        super(message);
    }

    TesseraException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The server could not be reached, or broke off. */
    public static final class Connection extends TesseraException {
        private static final long serialVersionUID = 1;

        Connection(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** Waiting was given up; the prediction or batch goes on. */
    public static final class Timeout extends TesseraException {
        private static final long serialVersionUID = 1;

        Timeout(String message) {
            super(message);
        }
    }

    /** A prediction that ended as failed or canceled. */
    public static final class PredictionFailed extends TesseraException {
        private static final long serialVersionUID = 1;
        private final transient Prediction prediction;

        PredictionFailed(Prediction prediction) {
            super(prediction.getId() + " " + prediction.getStatus() + ": "
                    + prediction.getError().map(JsonObject::toString).orElse("no reason given"));
            this.prediction = prediction;
        }

        /** Its last state. */
        public Prediction getPrediction() {
            return prediction;
        }
    }

    /** A webhook that was not signed by the platform, or is too old. */
    public static final class InvalidSignature extends TesseraException {
        private static final long serialVersionUID = 1;

        InvalidSignature(String message) {
            super(message);
        }
    }
}
