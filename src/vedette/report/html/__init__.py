"""A hunt as one HTML file that needs no network: `document` makes it of a `Dossier`."""

from vedette.report.html.document import document

__all__ = ["document"]
