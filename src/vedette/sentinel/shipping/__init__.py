"""Shipping: audit logs as rows of Sentinel's normalised tables, at least once, by the Logs Ingestion API."""
