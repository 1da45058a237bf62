"""What the verbs do between the command line and the library: read the wish, work, report."""
