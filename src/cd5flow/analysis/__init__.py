"""Where stages meet for one tube: settings, controls, CD5 signal, quality, therapy, overrides, the result."""
