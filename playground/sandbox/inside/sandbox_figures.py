"""matplotlib's backend inside the sandbox: Agg, where show() keeps the figures and saving one is
remembered."""

from typing import Any

from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from sandbox_artifacts import keep_open_figures


class FigureManager(FigureManagerBase):
    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        keep_open_figures()


class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager

    def print_figure(self, *arguments: Any, **options: Any) -> Any:
        self.figure.was_saved = True
        return super().print_figure(*arguments, **options)
