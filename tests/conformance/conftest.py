import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "sdk" / name / "src") for name in ("conformance", "python")]
