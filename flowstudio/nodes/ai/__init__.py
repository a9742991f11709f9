"""AI: models, agents, chains, memory, documents."""
