"""A connector that runs SQL in DuckDB: the task type ``duckdb``."""

from connector_duckdb.connector import DuckDBConnector

__all__ = ["DuckDBConnector"]
