"""Everything kept: messages, the log, deliveries, webhooks, on SQLAlchemy Core."""
