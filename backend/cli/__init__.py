"""The `daogang` command: each subcommand reads its settings and calls one function."""
