"""From raw events to events that can be gated: panel and markers, compensation, display scales."""
