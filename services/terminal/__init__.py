"""What `ketnap` prints and how it reads what was typed: the edge between words and values."""
