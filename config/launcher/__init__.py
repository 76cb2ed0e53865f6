"""What starts processes: `make up`, PostgreSQL and Valkey from their wheels, the installer. Imports no Django."""
