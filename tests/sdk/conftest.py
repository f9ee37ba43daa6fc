import sys
from pathlib import Path

SDK = Path(__file__).resolve().parents[2] / "sdk"
sys.path[:0] = [str(SDK / "python" / "src"), str(SDK)]
