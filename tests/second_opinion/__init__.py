"""The wire once more, by a simulator that was written from the vendors' pages alone."""
