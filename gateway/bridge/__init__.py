"""What goes where: the use cases between a room, HTTP and the log."""
