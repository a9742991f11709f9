"""Use cases: what people and programs do with workflows, executions, accounts and webhooks."""
