"""How fast Parley is, beside others, in one run on one machine: `make bench`. README.md says what that shows."""
