"""API v1, the search's part: search by photo, stored photo, embedding or words, and the models."""
