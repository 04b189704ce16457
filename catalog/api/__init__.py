"""API v1, the catalogue's part: products, photos, imports; and what all parts of the API share."""
