"""Proof of identity: passwords and second factors through allauth, for the pages and for the API."""
