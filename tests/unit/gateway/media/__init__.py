"""Files over HTTP, as far as no application is needed."""
