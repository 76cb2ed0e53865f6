"""One module for each entity that has a `collection`: how it is read for a page of sync (see `page.py`)."""
