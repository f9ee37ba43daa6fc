import dev.tessera.AIClient;
import dev.tessera.AnalysisType;
import dev.tessera.DetectedObject;
import dev.tessera.ImageAnalysisResult;
import java.util.Arrays;

public class ArticleExample {
    public static void main(String[] args) {
        AIClient client = new AIClient("API_KEY");
        ImageAnalysisResult result = client.analyzeImage("https://example.com/image.jpg",
                Arrays.asList(AnalysisType.OBJECT_DETECTION, AnalysisType.TEXT_RECOGNITION));
        for (DetectedObject object : result.getDetectedObjects()) {
            System.out.println(object);
        }
    }
}
