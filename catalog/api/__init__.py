"""API v1, the catalogue's part: products, photos, imports; and what the whole API shares."""
