"""The programs that the peers run: what their own documentation shows, and no more."""
