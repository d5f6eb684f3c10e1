"""Over what contacts go: files for a CRM, a table, a webhook, a channel of one's own."""
