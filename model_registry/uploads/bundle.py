"""From what was sent to plain files in an empty folder: by content, counted while unpacking, nothing followed.

A zip's own numbers are claims: sizes are counted while the bytes come out, names are single path parts, links and
devices are refused, and what would run code when it is opened is refused by its first bytes, whatever its name.
"""

from __future__ import annotations

import lzma
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from model_registry.uploads.checks import Refused

MAX_UPLOAD = 512 << 20
MAX_UNPACKED = 1 << 30
MAX_FILES = 256
MAX_RATIO = 200  # unpacked to packed, above the first megabyte
CHUNK = 1 << 20
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
SUFFIXES = (".onnx", ".safetensors", ".yaml", ".yml", ".json", ".txt", ".csv", ".png", ".jpg", ".jpeg", ".webp", ".wav",
            ".flac", ".ogg", ".bin", ".data", ".weights", ".md", "")
CONFIG_NAMES = ("config.pbtxt", "model.pbtxt", "triton_python_backend_stub")

# All that Python's zipfile says of a zip that is cut, bent or of a kind that it can't read, opened or unpacked: each
# decompressor has its own error, and a number that leads nowhere comes back as whatever it broke.
UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError,
              OverflowError, NotImplementedError, RuntimeError)
# The others unpack as much at once as they like, before anybody can count.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1 | 0x40 | 0x2000  # the file, its keys, or the list of files

_EXPORT = "export to ONNX on your side (docs: Bring your own model) and send that"


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was found: the model's file, its format, and the files beside it."""

    model: Path
    kind: str  # onnx | safetensors
    files: tuple[str, ...]
    manifest: str | None  # the text of manifest.yaml, where the bundle has one


def unpack(source: Path, target: Path, *, filename: str = "") -> Bundle:
    """Puts the upload's files into `target`, an empty folder. Raises Refused by the checks `archive` and `format`, and
    leaves the folder empty then."""
    try:
        return _unpacked(source, target, filename)
    except Refused:
        for left in target.iterdir():
            left.unlink()
        raise


def _unpacked(source: Path, target: Path, filename: str) -> Bundle:
    size = source.stat().st_size
    if size == 0:
        raise Refused("format", "file_empty", "the file is empty", "send the file again")
    if size > MAX_UPLOAD:
        raise Refused("format", "file_too_large", f"{size} bytes; at most {MAX_UPLOAD} are accepted",
                      "quantise the model, or store its weights as float16")
    with source.open("rb") as file:
        head = file.read(512)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        names = _extract(source, target)
    else:
        refuse_content(head, filename or source.name)
        kind = _kind_of(head, size)
        names = ["model.safetensors" if kind == "safetensors" else "model.onnx"]
        _copy(source, target / names[0])
    return _found(target, names)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as given, target.open("xb") as taken:
        while chunk := given.read(CHUNK):
            taken.write(chunk)


def _extract(source: Path, target: Path) -> list[str]:
    try:
        archive = zipfile.ZipFile(source)
        entries = archive.infolist()
    except UNREADABLE as error:
        raise Refused("archive", "archive_unreadable", f"not a readable zip: {error}",
                      "pack the bundle again with any zip tool") from None
    with archive:
        _refuse_frameworks({entry.filename for entry in entries})
        if len(entries) > MAX_FILES:
            raise Refused("archive", "archive_too_many", f"{len(entries)} entries; at most {MAX_FILES} are accepted",
                          "pack only the model, its manifest and the examples' files")
        names: list[str] = []
        left = MAX_UNPACKED
        for entry in entries:
            if entry.is_dir() and NAME.match(entry.filename.rstrip("/")):
                continue  # a folder entry of a tool; files in it are refused by their own names
            name = _checked_name(entry)
            if name.lower() in {known.lower() for known in names}:
                raise Refused("archive", "archive_duplicate", f"{name!r} is in it twice", "pack each file once")
            left -= _write(archive, entry, target / name, left)
            names.append(name)
    if not names:
        raise Refused("archive", "archive_unreadable", "the zip is empty", "put model.onnx into it")
    return names


def _checked_name(entry: zipfile.ZipInfo) -> str:
    name = entry.filename
    shown = repr(name[:80])
    # What zipfile shows is cut at a NUL; the name as it was stored is not.
    if "\0" in entry.orig_filename or ".." in name.replace("\\", "/").split("/") or name.startswith(("/", "\\", "~")) \
            or re.match(r"^[A-Za-z]:", name) or "/" in name or "\\" in name:
        raise Refused("archive", "archive_traversal", f"{shown} is not a plain file name",
                      "pack the files themselves, without folders")
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise Refused("archive", "archive_link", f"{shown} is a link or a device, not a file",
                      "pack the file that it points to")
    if entry.flag_bits & ENCRYPTED:
        raise Refused("archive", "archive_encrypted", f"{shown} is encrypted", "pack it without a password")
    if entry.compress_type not in METHODS:
        raise Refused("archive", "archive_unreadable", f"{shown} is packed by a method that is not taken",
                      "pack the bundle again with any zip tool (deflate)")
    lower = name.lower()
    if lower in CONFIG_NAMES or lower.endswith((".pbtxt", ".prototxt")):
        raise Refused("archive", "archive_config", f"{shown}: the server writes its own configuration",
                      "say it in manifest.yaml (serving) and leave this file out")
    if unicodedata.normalize("NFKC", name) != name or not NAME.match(name) \
            or Path(lower).suffix not in SUFFIXES:
        _refuse_suffix(lower, shown)
        raise Refused("archive", "archive_unknown_file", f"{shown} is nothing that a bundle holds",
                      "keep to .onnx, .safetensors, .yaml, .json, .csv, .txt, images and sounds; names of letters, "
                      "digits, dots and dashes")
    return name


def _refuse_suffix(lower: str, shown: str) -> None:
    if lower.endswith((".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill", ".mar")):
        raise Refused("format", "pickle_refused", f"{shown}: pickles run code when they are opened", _EXPORT)
    if lower.endswith((".py", ".pyc", ".ipynb", ".sh")):
        raise Refused("format", "python_refused", f"{shown}: code is taken only as a ModelService bundle",
                      "leave it out, or push a ModelService")
    if lower.endswith((".so", ".dll", ".dylib", ".exe", ".plan", ".engine")):
        raise Refused("format", "binary_refused", f"{shown}: compiled code is not taken", _EXPORT)


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Unpacks one file, counting; how many bytes it has."""
    written = 0
    allowed = min(left, max(entry.compress_size * MAX_RATIO, 1 << 20))
    try:
        with archive.open(entry) as packed, target.open("xb") as file:
            while chunk := packed.read(CHUNK):
                written += len(chunk)
                if written > allowed:
                    raise Refused("archive", "archive_bomb", f"{entry.filename!r} unpacks to far more than was sent",
                                  f"a bundle unpacks to at most {MAX_UNPACKED >> 20} MB, {MAX_RATIO} times its size")
                if written == len(chunk):
                    refuse_content(chunk[:512], entry.filename)
                file.write(chunk)
    except UNREADABLE as error:
        raise Refused("archive", "archive_unreadable", f"{entry.filename!r} can't be unpacked: {error}",
                      "pack the bundle again with any zip tool (deflate)") from None
    return written


def _refuse_frameworks(names: set[str]) -> None:
    """Zips that are another tool's own format, before their parts are looked at."""
    if any(name.endswith(("/data.pkl", "/version")) and "/" in name for name in names) and any(
            name.endswith("data.pkl") for name in names):
        raise Refused("format", "pickle_refused", "this is a PyTorch file, which holds a pickle",
                      "torch.onnx.export it, or save its state as safetensors")
    if any(name.endswith("config.json") for name in names) and any(name.endswith(".weights.h5") for name in names):
        raise Refused("format", "format_unknown", "this is a Keras file",
                      "convert it with tf2onnx and send the ONNX file")
    if any(name.endswith(".npy") for name in names):
        raise Refused("format", "numpy_object_refused", "this is a NumPy archive, which can hold pickles", _EXPORT)


def refuse_content(head: bytes, filename: str) -> None:
    """Raises Refused (`format`) for what would run code, or is nobody's model, by its first bytes."""
    shown = repr(filename[-80:])
    lower = filename.lower()
    if head[:1] == b"\x80" and len(head) > 1 and 1 <= head[1] <= 5:
        raise Refused("format", "pickle_refused", f"{shown} is a pickle, which runs code when it is opened", _EXPORT)
    if head[:6] == b"\x93NUMPY":
        raise Refused("format", "numpy_object_refused", f"{shown} is a NumPy file, which can hold a pickle", _EXPORT)
    if head[:4] == b"\x7fELF" or head[:2] == b"MZ" or head[:4] in (
            b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"):
        raise Refused("format", "binary_refused", f"{shown} is compiled code", _EXPORT)
    if head[:2] == b"#!" or head[:5] == b"<?php":
        raise Refused("format", "python_refused", f"{shown} is a script", "push code as a ModelService bundle")
    for magic, name in ((b"\x89HDF\r\n\x1a\n", "an HDF5 (Keras) file"), (b"\x1f\x8b", "a gzip archive"),
                        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"), (b"Rar!", "a rar archive"), (b"GGUF", "a GGUF file"),
                        (b"\xfd7zXZ", "an xz archive"), (b"BZh", "a bzip2 archive")):
        if head.startswith(magic):
            raise Refused("format", "format_unknown", f"{shown} is {name}", "send ONNX, or a zip bundle with it")
    if head[257:262] == b"ustar":
        raise Refused("format", "format_unknown", f"{shown} is a tar archive", "pack the bundle as a zip")
    if head[4:8] == b"TFL3":
        raise Refused("format", "format_unknown", f"{shown} is a TensorFlow Lite file",
                      "convert it with tf2onnx and send the ONNX file")
    if lower.endswith((".pkl", ".pickle", ".pt", ".pth", ".joblib", ".ckpt")):  # protocol 0 has no magic
        _refuse_suffix(lower, shown)


def _kind_of(head: bytes, size: int) -> str:
    """onnx or safetensors. A safetensors file begins with the length of its JSON header."""
    length = int.from_bytes(head[:8], "little")
    if head[8:9] == b"{" and 2 <= length <= size - 8:
        return "safetensors"
    # A ModelProto's first field is its IR version (field 1, varint); some exporters write the producer or graph first.
    if head[:1] in (b"\x08", b"\x12", b"\x3a", b"\x42", b"\x32", b"\x2a", b"\x1a", b"\x22"):
        return "onnx"
    raise Refused("format", "format_unknown", "this is neither ONNX nor safetensors nor a zip bundle",
                  "send model.onnx, or a zip with it")


def _found(target: Path, names: list[str]) -> Bundle:
    nets = [name for name in names if name.endswith(".onnx")]
    weights = [name for name in names if name.endswith(".safetensors")]
    if len(nets) + len(weights) != 1:
        listed = ", ".join(nets + weights) or "none"
        raise Refused("format", "format_unknown", f"a bundle holds exactly one model; this one has {listed}",
                      "leave one .onnx or .safetensors file in it")
    with (target / (nets + weights)[0]).open("rb") as file:
        head = file.read(512)
    kind = _kind_of(head, (target / (nets + weights)[0]).stat().st_size)
    if (kind == "onnx") != bool(nets):
        raise Refused("format", "format_unknown", f"{(nets + weights)[0]} holds {kind}, not what its name says",
                      "name the file by what it is")
    known = ("manifest.yaml", "manifest.yml", "manifest.json", "model.yaml")
    text = next((name for name in known if name in names), None)
    manifest = None
    if text is not None:
        content = (target / text).read_bytes()
        if len(content) > 1 << 20:
            raise Refused("archive", "archive_bomb", f"{text} has more than 1 MB", "a manifest is a page of text")
        manifest = content.decode("utf-8", "replace")
    return Bundle(target / (nets + weights)[0], kind, tuple(sorted(names)), manifest)
