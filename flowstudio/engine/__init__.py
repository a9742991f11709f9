"""The engine: documents in, recorded outcomes out. Pure: no database, web, UI or vendor SDK."""
