"""Pictures of documents: an image made smaller, a page of a PDF drawn. WebP, in the confined child."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import AvifImagePlugin, Image, ImageFile, ImageOps

from .protocol import Extracted, ExtractionError, ExtractionLimits, Source

MEDIA_TYPE = "image/webp"
PDF = "application/pdf"
_FORMATS = {
    "image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP", "image/bmp": "BMP",
    "image/x-icon": "ICO", "image/avif": "AVIF",
}  # fmt: skip
TYPES = frozenset({*_FORMATS, PDF})
"""Media types of which a picture can be drawn."""
_QUALITY = 82

# The limits are checked against the size in the file's header, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None
# The child may start no thread, without which its decoder gives up.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
# Of these modes a large picture is made small as it is, with no copy of it in memory.
_SHRINKABLE = ("L", "LA", "RGB", "RGBA", "CMYK")


def draw(source: Source, limits: ExtractionLimits, *, page: int, longest: int) -> Extracted:
    """The picture as base64 in `text`, at most `longest` pixels on its longer side.

    `parts` is the number of pages; `details` has the picture's `width` and `height`.
    """
    if source.media_type == PDF:
        picture, pages = _pdf_page(source, limits, page, longest)
    else:
        picture, pages = _image(source, limits, longest), 1
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=_QUALITY, method=3)
    return Extracted(
        text=base64.b64encode(buffer.getvalue()).decode("ascii"),
        parts=pages,
        engine="pdfium" if source.media_type == PDF else "pillow",
        details={"width": picture.width, "height": picture.height},
    )


def _image(source: Source, limits: ExtractionLimits, longest: int) -> Image.Image:
    name = _FORMATS.get(source.media_type)
    if name is None:
        raise ExtractionError("unsupported", f"no picture of {source.media_type}")
    try:
        image: Image.Image = Image.open(source.path, formats=[name])
    except (OSError, ValueError, SyntaxError) as error:
        raise ExtractionError("corrupt", str(error)[:300]) from error
    with image:
        # A JPEG can be decoded at an eighth of its size, so its pixels are few whatever its header says.
        image.draft(None, (longest, longest))
        if image.width * image.height > limits.max_pixels:
            raise ExtractionError("too_large", f"{image.width} x {image.height} pixels")
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            image.load()
            if image.mode in _SHRINKABLE:
                image.thumbnail((longest, longest))
            upright = ImageOps.exif_transpose(image)
            upright = upright.convert("RGBA" if _is_transparent(upright) else "RGB")
        except MemoryError:
            raise
        except Exception as error:
            raise ExtractionError("corrupt", str(error)[:300]) from error
        upright.thumbnail((longest, longest))
        return upright


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in image.info


def _pdf_page(source: Source, limits: ExtractionLimits, page: int, longest: int) -> tuple[Image.Image, int]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(source.path)
        pages = len(document)
        if not 1 <= page <= pages:
            raise ExtractionError("missing", f"page {page} of {pages}")
        if document.get_formtype():
            document.init_forms()
        drawn: Any = document[page - 1]
        width, height = drawn.get_size()
        if not (0 < width < 1e6 and 0 < height < 1e6):
            raise ExtractionError("corrupt", "the page has no size")
        picture: Image.Image = drawn.render(scale=longest / max(width, height)).to_pil()
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise ExtractionError("password_protected" if locked else "corrupt", str(error)[:300]) from error
    return picture.convert("RGB"), pages
