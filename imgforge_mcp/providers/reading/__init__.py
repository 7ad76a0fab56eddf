"""One reader for every adapter: pictures, causes and lists of models, in whatever wrapping a provider sends them."""
