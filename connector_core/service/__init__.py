"""The gRPC service that offers connectors to Flyte."""
