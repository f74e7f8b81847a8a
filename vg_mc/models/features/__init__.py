"""Features and captions of images and texts, and the caches that keep them."""
