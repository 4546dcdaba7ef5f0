"""Rules as content of Microsoft Sentinel: analytics rules, hunting queries, watchlists, and what they must keep to."""
