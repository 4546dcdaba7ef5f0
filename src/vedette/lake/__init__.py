"""The lake: events of logs as Parquet, hunted again by rules that did not exist when the logs were read."""
