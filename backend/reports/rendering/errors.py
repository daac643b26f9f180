"""Errors of rendering."""

from backend.kit.errors import Unavailable


class RenderersBusy(Unavailable):
    """Too many documents wait to be rendered."""

    code = "reports.renderers_busy"
    retry_after_s = 5


class RenderingFailed(Unavailable):
    """The rendering process fell or took too long; the content is safe."""

    code = "reports.rendering_failed"
    retry_after_s = 30
