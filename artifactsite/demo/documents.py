"""The documents that the demo project is about, written by the libraries that people's own tools use."""

import io
import math

from django.core.files.base import ContentFile
from openpyxl import Workbook
from pptx import Presentation

REGIONS = ("North", "East", "South", "West")
SLOPES = (2.5, 0.2, 2.0, 4.5)  # a month
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def sales_workbook() -> ContentFile:
    """A year of sales by region, in thousands."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Sales 2026"
    sheet.append(["Month", *REGIONS])
    for index, month in enumerate(MONTHS):
        season = math.sin((index - 2) / 12 * 2 * math.pi)
        row = [round(120 + 14 * place + 5 * season + slope * index, 1) for place, slope in enumerate(SLOPES)]
        sheet.append([month, *row])
    out = io.BytesIO()
    book.save(out)
    return ContentFile(out.getvalue(), name="sales-2026.xlsx")


def briefing() -> ContentFile:
    """A short deck with notes."""
    deck = Presentation()
    for title, body, notes in (
        ("Regional review", "Four regions, one year", "Open with the question: where did we grow, and why?"),
        (
            "What changed",
            "New depot in the West since May\nEast lost two large customers",
            "Ask West for costs.",
        ),
        ("What we need", "A decision on the East by November", "Decision belongs to the steering group."),
    ):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
        slide.notes_slide.notes_text_frame.text = notes
    out = io.BytesIO()
    deck.save(out)
    return ContentFile(out.getvalue(), name="regional-review.pptx")


def minutes() -> ContentFile:
    """Minutes of a meeting, as plain text."""
    text = (
        "Steering group, 3 November 2026\n\n"
        "1. The West grew fastest. The new depot pays for itself by March.\n"
        "2. The East is flat. Kim collects the reasons until the 17th.\n"
        "3. Next year's plan needs one chart a region, nothing more.\n"
    )
    return ContentFile(text.encode(), name="minutes.txt")
