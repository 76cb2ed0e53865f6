"""What every REST address shares: authentication, reading and writing JSON, lists, refusals, the OpenAPI description.

`accounts/api` and `chat/api` build their views on it.
"""
