"""The verbs: what people and timers do, written against ports and free of any vendor."""
