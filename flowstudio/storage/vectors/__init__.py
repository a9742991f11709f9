"""Vector stores: a file in the data folder (sqlite-vec), or tables of a PostgreSQL database (pgvector)."""
