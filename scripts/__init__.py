"""Set-up of a checkout: what the Makefile calls. Nothing here ships."""
