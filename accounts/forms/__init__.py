"""The forms of the pages. They gather input; the actions that they call decide what is allowed."""
