"""MeshAgent Gateway: HTTP and webhooks for MeshAgent rooms."""

__version__ = "0.1.0"
