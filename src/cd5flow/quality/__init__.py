"""Quality: observers look at a tube, the strategy's limits judge what they saw."""
