"""API v1, the search's part: searches by photo, stored photo, embedding or words, and the models behind them."""
