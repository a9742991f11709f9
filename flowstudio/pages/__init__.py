"""The pages of the studio: one module, one State and one JavaScript chunk each."""
