"""Other programs' formats: the only place that knows FlowKit."""
