"""The exclusion texts of hunt pages, read into candidate exclusions: a grammar a dialect, and no guesses."""

from vedette.page.dialect.candidates import candidates, read_text
from vedette.page.dialect.filter import file_names, filter_document
from vedette.page.dialect.reading import FieldMapping, Reading, Unread

__all__ = ["FieldMapping", "Reading", "Unread", "candidates", "file_names", "filter_document", "read_text"]
