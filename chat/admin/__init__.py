"""The moderation desk: every page of the admin site, one noun a file. Acts call the same actions as REST does."""
