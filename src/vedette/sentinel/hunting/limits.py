"""What the query service of Log Analytics allows, as of 2026-11-24; from Microsoft's public pages, not tried.

The service has deprecated batches, and supports them until 2028-03-31; a batch of one query is sent as a single one.
"""

from __future__ import annotations

from typing import Final

#: Queries of one batch that are ever sent.
MAX_BATCH: Final = 100
#: Queries of a user that run at once; the others of a batch wait in the service's queue, at most three minutes.
CONCURRENT: Final = 5
#: So many queries are sent in so many seconds; the service takes 200 requests, whatever it counts of a batch.
REQUESTS: Final = 180
PER_SECONDS: Final = 30.0
#: Rows of one answer; one with more is partial.
MAX_ROWS: Final = 500_000
#: Seconds that the service gives a query at most.
MAX_SECONDS: Final = 600
#: Seconds that a query is given unless stated; the service's own default.
SECONDS: Final = 180
