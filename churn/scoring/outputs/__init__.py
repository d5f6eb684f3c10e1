"""Where a night's scores go: files, a DuckDB file, an SQL database."""
