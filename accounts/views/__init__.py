"""The pages about people: each is parse, find, act. What an action refuses becomes a sentence on the page."""
