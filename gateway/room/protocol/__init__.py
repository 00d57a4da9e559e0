"""The room's wire protocol without any I/O: bytes and the time in, values out."""
