"""A client that stays in a MeshAgent room, whatever happens to the link."""
