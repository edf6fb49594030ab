"""Text in pictures, by Tesseract with the data that the machine has."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from PIL import Image

from .protocol import ExtractionLimits

NO_DATA = "The text in pictures could not be read: Tesseract's language data is not installed on this server."
_FOLDERS = (
    Path("/usr/share/tessdata"),
    Path("/usr/local/share/tessdata"),
    Path("/opt/homebrew/share/tessdata"),
)
_MIN_SIDE = 8
_SURE = 70
_SMALL_SIDE = 1_000
_MAX_OCR_PIXELS = 9_000_000


def data_folder() -> Path | None:
    """The folder with Tesseract's language data, or None."""
    named = os.environ.get("TESSDATA_PREFIX")
    folders = [Path(named)] if named else []
    folders += [*sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata"), reverse=True), *_FOLDERS]
    return next((folder for folder in folders if any(folder.glob("*.traineddata"))), None)


@functools.cache
def engine(languages: str) -> Any | None:
    """Tesseract with those of `languages` (joined by `+`) that are installed; None without any data.

    Loading takes about 0.1 s: the server does it before it forks, so that its children needn't.
    """
    folder = data_folder()
    if folder is None:
        return None
    import tesserocr

    installed = [name for name in languages.split("+") if (folder / f"{name}.traineddata").exists()]
    if not installed:
        return None
    return tesserocr.PyTessBaseAPI(path=str(folder), lang="+".join(installed), psm=tesserocr.PSM.AUTO)


def recognise(image: Image.Image, limits: ExtractionLimits) -> str:
    """The text in a greyscale (mode L) picture; "" where there is none, or no Tesseract.

    A picture that reads badly is turned as its letters stand, and kept turned where that reads better.
    """
    tesseract = engine(limits.ocr_languages)
    if tesseract is None or min(image.size) < _MIN_SIDE:
        return ""
    image = _of_good_size(image)
    text, confidence = _read(tesseract, image)
    if confidence < _SURE and (turn := _needed_turn(image)):
        turned, turned_confidence = _read(tesseract, image.rotate(turn, expand=True, fillcolor=255))
        if turned_confidence > confidence:
            return turned
    return text


def _read(tesseract: Any, image: Image.Image) -> tuple[str, int]:
    """(text, mean confidence of its words in percent)."""
    tesseract.SetImageBytes(image.tobytes(), image.width, image.height, 1, image.width)
    try:
        text = str(tesseract.GetUTF8Text()).strip()
        return text, int(tesseract.MeanTextConf()) if text else 0
    finally:
        tesseract.Clear()


def _needed_turn(image: Image.Image) -> int:
    """By how many degrees, counterclockwise, the picture must be turned; 0 where that can't be told."""
    import tesserocr

    folder = data_folder()
    if folder is None or not (folder / "osd.traineddata").exists():
        return 0
    with tesserocr.PyTessBaseAPI(path=str(folder), lang="osd", psm=tesserocr.PSM.OSD_ONLY) as finder:
        finder.SetImageBytes(image.tobytes(), image.width, image.height, 1, image.width)
        found = finder.DetectOrientationScript()
    return int(found["orient_deg"]) if found and found["orient_deg"] in (90, 180, 270) else 0


def _of_good_size(image: Image.Image) -> Image.Image:
    """Letters are read best at about 30 pixels: small pictures grow, huge ones shrink."""
    pixels = image.width * image.height
    if pixels > _MAX_OCR_PIXELS:
        scale = (_MAX_OCR_PIXELS / pixels) ** 0.5
        return image.resize(
            (max(1, int(image.width * scale)), max(1, int(image.height * scale))), Image.Resampling.BOX
        )
    if max(image.size) < _SMALL_SIDE:
        return image.resize((image.width * 2, image.height * 2), Image.Resampling.BICUBIC)
    return image
