"""The sample shop: products drawn by code, so that a fresh clone has something to search.

No photo is shipped. The same seed draws the same bytes, in any number of processes.
"""

from catalog.sample_shop.shop import draw_product, draw_sample_shop, is_complete

__all__ = ["draw_product", "draw_sample_shop", "is_complete"]
