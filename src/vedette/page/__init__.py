"""Hunt pages as they circulate, read into hunt packs."""

from vedette.page.importing import Imported, import_page
from vedette.page.page import HuntPage, Scenario, Unread
from vedette.page.reading import read_page

__all__ = ["HuntPage", "Imported", "Scenario", "Unread", "import_page", "read_page"]
