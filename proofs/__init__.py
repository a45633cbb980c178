"""Why it is true: exact enumeration of small loops, and exact algebra."""
