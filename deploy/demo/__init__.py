"""Five real organisations as files in the public formats, and the generator that wrote them."""
