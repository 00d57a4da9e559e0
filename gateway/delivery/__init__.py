"""How an event gets to a webhook: claiming, attempting, judging, trying again."""
