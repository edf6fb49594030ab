"""Pictures (PNG, JPEG, GIF, BMP): their dimensions by Pillow, their text by Tesseract."""

from __future__ import annotations

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    ImageOps,
    ImageStat,
    JpegImagePlugin,
    PngImagePlugin,
)  # fmt: skip

from . import marks, ocr
from .protocol import Extracted, ExtractionError, ExtractionLimits, Progress, Source

_READERS = (PngImagePlugin.PngImageFile, JpegImagePlugin.JpegImageFile, GifImagePlugin.GifImageFile,
            BmpImagePlugin.BmpImageFile)  # fmt: skip
_FORMATS = [reader.format for reader in _READERS]
_LIGHT = 200  # of 255, on average: white letters
_NO_TEXT = "No text was found in this picture."
_CUT = "The picture is damaged or cut short: only its readable part was used."
_FIRST_FRAME = "Only the first of several frames was read."

# The limits below are checked against the size in the file's header, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None


def warm() -> None:
    """Load Tesseract's data once for all children of the server."""
    ocr.engine(ExtractionLimits().ocr_languages)


def extract(source: Source, limits: ExtractionLimits, progress: Progress) -> Extracted:
    """The recognised text; `details` has `width`, `height`, `format`, `mode`, `frames` where known."""
    warnings: list[str] = []
    try:
        image = Image.open(source.path, formats=_FORMATS)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ExtractionError("corrupt", str(error)[:300]) from error
    with image:
        details = {"width": image.width, "height": image.height, "format": image.format, "mode": image.mode}
        pixels = image.width * image.height
        if image.format == "JPEG" and pixels > limits.max_pixels:
            shrink = (limits.max_pixels / pixels) ** 0.5
            image.draft("L", (int(image.width * shrink), int(image.height * shrink)))
        if image.width * image.height > limits.max_pixels:
            raise ExtractionError("too_large", f"{image.width} x {image.height} pixels")
        if getattr(image, "is_animated", False):
            image.seek(0)
            warnings.append(_FIRST_FRAME)
        grey = _grey(_loaded(image, warnings))
    text = ocr.recognise(grey, limits)
    if ocr.engine(limits.ocr_languages) is None:
        warnings.append(ocr.NO_DATA)
    elif not text:
        warnings.append(_NO_TEXT)
    progress(1, 1)
    return Extracted(
        text=marks.escape(text),
        truncated=_CUT in warnings,
        engine="tesseract",
        warnings=warnings,
        details=details,
    )


def _loaded(image: Image.Image, warnings: list[str]) -> Image.Image:
    """The picture with its pixels, as many as there are, turned upright."""
    try:
        image.load()
    except (OSError, SyntaxError, ValueError):
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        warnings.append(_CUT)
        try:
            image.load()
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise ExtractionError("corrupt", str(error)[:300]) from error
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, ZeroDivisionError):  # damaged EXIF data
        return image


def _grey(image: Image.Image) -> Image.Image:
    """The picture in greyscale, where it is transparent on what its drawing stands out from."""
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        image = image.convert("LA")
        drawing, opaque = image.getchannel("L"), image.getchannel("A")
        is_light = opaque.getextrema()[0] == 0 and ImageStat.Stat(drawing, opaque).mean[0] > _LIGHT
        ground = Image.new("L", image.size, 0 if is_light else 255)
        ground.paste(drawing, mask=opaque)
        return ground
    if image.mode.startswith("I"):  # 16 bits a pixel
        return (
            image.point(lambda value: value / 256).convert("L") if image.mode == "I" else image.convert("L")
        )
    return image.convert("L")
