"""What third parties send: verified, kept, and said in a room."""
