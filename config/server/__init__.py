"""The web server of one process: its command, the bounds of connections without a member, the handling of requests."""
