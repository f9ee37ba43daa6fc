"""What capabilities do. A task fixes the words on a card, the widget that asks for input and the renderer of output."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """`modality` groups tasks on the shelf; `widget` is an input kind, `renderer` a key of OUTPUTS."""

    title: str
    title_zh: str
    modality: str
    widget: str
    renderer: str


def _t(title: str, title_zh: str, modality: str, widget: str, renderer: str) -> Task:
    return Task(title, title_zh, modality, widget, renderer)


TASKS: dict[str, Task] = {
    # vision
    "face-detection": _t("Face detection", "人脸检测", "image", "image", "boxes"),
    "face-landmarks": _t("Face and eye landmarks", "人脸与眼部关键点", "image", "image", "keypoints"),
    "face-analysis": _t("Face analysis", "人脸分析", "image", "image", "key_values"),
    "face-verification": _t("Face comparison", "人脸比对", "image", "images", "report"),
    "hand-tracking": _t("Hand tracking", "手部跟踪", "image", "image", "keypoints"),
    "gesture-recognition": _t("Gesture recognition", "手势识别", "image", "image", "label_scores"),
    "pose-estimation": _t("Body pose", "人体姿态", "image", "image", "keypoints"),
    "person-segmentation": _t("Person segmentation", "人像分割", "image", "image", "mask"),
    "image-segmentation": _t("Image segmentation", "图像分割", "image", "image", "mask"),
    "image-classification": _t("Image classification", "图像分类", "image", "image", "label_scores"),
    "object-detection": _t("Object detection", "目标检测", "image", "image", "boxes"),
    "object-counting": _t("Object counting", "目标计数", "image", "image", "boxes"),
    "object-tracking": _t("Object tracking", "目标跟踪", "image", "images", "boxes"),
    "anomaly-inspection": _t("Visual inspection", "视觉质检", "image", "image", "mask"),
    "image-enhancement": _t("Image enhancement", "图像增强", "image", "image", "image"),
    "image-editing": _t("Image editing", "图像编辑", "image", "image", "image"),
    "image-quality": _t("Image quality", "图像质量评估", "image", "image", "report"),
    "image-analysis": _t("Image measurement", "图像测量", "image", "image", "key_values"),
    "image-similarity": _t("Image similarity", "图像相似度", "image", "images", "report"),
    "image-matching": _t("Image matching and registration", "图像匹配与配准", "image", "images", "image"),
    "image-forensics": _t("Image forensics", "图像取证", "image", "image", "image"),
    "image-captioning": _t("Image captions", "图像描述", "image", "image", "key_values"),
    "depth-estimation": _t("Depth", "深度估计", "image", "images", "image"),
    "motion-analysis": _t("Motion analysis", "运动分析", "image", "images", "image"),
    "saliency": _t("Saliency", "显著性检测", "image", "image", "image"),
    "medical-imaging": _t("Medical and microscope images (research)", "医学与显微图像（研究）", "image", "image",
                          "image"),
    # documents, codes
    "ocr": _t("Text recognition", "文字识别", "document", "image", "ocr"),
    "document-layout": _t("Document layout", "版面分析", "document", "image", "boxes"),
    "document-extraction": _t("Document extraction", "文档信息抽取", "document", "image", "key_values"),
    "document-cleaning": _t("Document cleaning", "文档图像清理", "document", "image", "image"),
    "table-extraction": _t("Table extraction", "表格抽取", "document", "image", "table"),
    "document-conversion": _t("Document conversion", "文档转换", "document", "bytes", "table"),
    "file-identification": _t("File identification", "文件类型识别", "document", "bytes", "label_scores"),
    "barcode-reading": _t("Code reading", "条码识读", "code", "image", "codes"),
    "barcode-generation": _t("Code generation", "条码生成", "code", "text", "image"),
    # audio
    "voice-activity-detection": _t("Voice activity", "语音活动检测", "audio", "audio", "segments"),
    "audio-segmentation": _t("Sound segmentation", "音频分段", "audio", "audio", "segments"),
    "audio-classification": _t("Sound classification", "声音分类", "audio", "audio", "label_scores"),
    "speech-recognition": _t("Speech recognition", "语音识别", "audio", "audio", "segments"),
    "speaker-recognition": _t("Speaker recognition", "说话人识别", "audio", "audio", "report"),
    "audio-enhancement": _t("Audio enhancement", "音频增强", "audio", "audio", "audio"),
    "audio-editing": _t("Audio editing", "音频编辑", "audio", "audio", "audio"),
    "audio-analysis": _t("Audio measurement", "音频测量", "audio", "audio", "key_values"),
    "music-analysis": _t("Music analysis", "音乐分析", "audio", "audio", "segments"),
    "audio-fingerprinting": _t("Audio fingerprinting", "音频指纹", "audio", "audio", "ranked"),
    # text
    "language-identification": _t("Language identification", "语种识别", "text", "text", "label_scores"),
    "text-classification": _t("Text classification", "文本分类", "text", "text", "label_scores"),
    "sentiment-analysis": _t("Sentiment", "情感分析", "text", "text", "label_scores"),
    "text-embedding": _t("Text embedding", "文本向量", "text", "texts", "embedding"),
    "semantic-search": _t("Search and ranking", "检索与排序", "text", "texts", "ranked"),
    "translation": _t("Translation", "机器翻译", "text", "text", "key_values"),
    "question-answering": _t("Answers from a text", "抽取式问答", "text", "text", "spans"),
    "fill-mask": _t("Missing words", "完形填空", "text", "text", "label_scores"),
    "text-similarity": _t("Text similarity", "文本相似度", "text", "texts", "ranked"),
    "text-clustering": _t("Text clustering", "文本聚类", "text", "texts", "table"),
    "named-entities": _t("Entities in text", "实体识别", "text", "text", "spans"),
    "pii-detection": _t("Personal data and secrets", "敏感信息检测", "text", "text", "spans"),
    "keyword-extraction": _t("Keywords", "关键词提取", "text", "text", "ranked"),
    "summarization": _t("Summaries", "文本摘要", "text", "text", "ranked"),
    "tokenization": _t("Segmentation and tagging", "分词与词性标注", "text", "text", "tokens"),
    "text-transformation": _t("Text transformation", "文本转换", "text", "text", "key_values"),
    "text-correction": _t("Text correction", "文本纠错", "text", "text", "spans"),
    "text-analysis": _t("Text measurement", "文本度量", "text", "text", "key_values"),
    "information-extraction": _t("Information extraction", "信息抽取", "text", "text", "spans"),
    "record-matching": _t("Record matching", "记录匹配", "text", "texts", "ranked"),
    "log-analysis": _t("Log analysis", "日志分析", "text", "texts", "table"),
    "code-analysis": _t("Code and SQL", "代码与 SQL", "text", "text", "report"),
    "identifier-validation": _t("Number and identifier checks", "号码校验", "text", "text", "report"),
    # series
    "forecasting": _t("Forecasting", "时间序列预测", "series", "series", "series_forecast"),
    "series-anomaly-detection": _t("Anomalies in series", "序列异常检测", "series", "series", "series_points"),
    "change-point-detection": _t("Change points", "变点检测", "series", "series", "breaks"),
    "series-analysis": _t("Series analysis", "序列分析", "series", "series", "key_values"),
    "series-decomposition": _t("Decomposition and smoothing", "序列分解与平滑", "series", "series", "table"),
    "series-similarity": _t("Series similarity", "序列相似度", "series", "multi_series", "key_values"),
    "signal-analysis": _t("Signal analysis", "信号分析", "series", "series", "key_values"),
    "condition-monitoring": _t("Condition monitoring", "设备状态监测", "series", "series", "label_scores"),
    "process-control": _t("Process control", "过程控制", "series", "series", "report"),
    "energy-analysis": _t("Energy and power", "能源与电力", "series", "problem", "key_values"),
    "biosignal-analysis": _t("Biosignals (research)", "生理信号（研究用）", "series", "series", "series_points"),
    "geo-analysis": _t("Tracks and places", "轨迹与位置", "series", "table", "table"),
    # tables
    "tabular-classification": _t("Classification of rows", "表格分类", "table", "table", "row_scores"),
    "tabular-regression": _t("Regression of rows", "表格回归", "table", "table", "row_scores"),
    "tabular-anomaly-detection": _t("Anomalies in tables", "表格异常检测", "table", "table", "row_scores"),
    "tabular-clustering": _t("Clustering", "表格聚类", "table", "table", "row_scores"),
    "tabular-preparation": _t("Table preparation", "表格整理", "table", "table", "table"),
    "data-quality": _t("Data quality", "数据质量", "table", "table", "report"),
    "statistical-testing": _t("Statistical tests", "统计检验", "table", "problem", "report"),
    "explanation": _t("Explanation and fairness", "可解释性与公平性", "table", "table", "row_scores"),
    "customer-analytics": _t("Customer analytics", "客户分析", "table", "table", "row_scores"),
    "recommendation": _t("Recommendation", "推荐", "table", "table", "ranked"),
    "survival-analysis": _t("Survival analysis (research)", "生存分析（研究用）", "table", "table", "row_scores"),
    # science
    "molecule-analysis": _t("Molecules", "分子分析", "science", "text", "key_values"),
    "sequence-analysis": _t("Biological sequences", "生物序列", "science", "text", "key_values"),
    # planning, graphs
    "route-planning": _t("Route planning", "路径规划", "planning", "problem", "routes"),
    "scheduling": _t("Scheduling", "排程", "planning", "problem", "plan"),
    "resource-allocation": _t("Allocation and packing", "资源分配与装箱", "planning", "problem", "plan"),
    "mathematical-optimization": _t("Mathematical optimization", "数学优化", "planning", "problem", "plan"),
    "inventory-planning": _t("Inventory planning", "库存规划", "planning", "problem", "key_values"),
    "graph-analysis": _t("Graph analysis", "图分析", "graph", "graph", "graph"),
    "fraud-detection": _t("Fraud patterns", "欺诈识别", "graph", "graph", "graph"),
    # finance
    "pricing-analytics": _t("Pricing of instruments", "金融工具定价", "finance", "problem", "key_values"),
    "risk-analysis": _t("Risk", "风险分析", "finance", "series", "key_values"),
    "portfolio-optimization": _t("Portfolios", "投资组合", "finance", "multi_series", "key_values"),
}
