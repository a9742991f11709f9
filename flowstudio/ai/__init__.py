"""Language models: one interface for all vendors, one agent loop, documents and vectors. Knows no nodes and no storage."""
