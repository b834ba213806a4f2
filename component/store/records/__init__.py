"""Small things with a table each: links, the audit log, watches, what is kept of accounts, single values."""
