"""The page: runs in a browser, live and finished. Reads run folders through `whet.runs`; imports no torch."""
