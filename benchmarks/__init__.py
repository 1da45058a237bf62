"""One question per folder: `python -m benchmarks.NAME [--json] [--data FOLDER]`. See benchmarks/README.md."""
