"""HTTP to strangers: the one place that calls addresses which users chose."""
