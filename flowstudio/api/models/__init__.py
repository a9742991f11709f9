"""The shapes of requests and answers, one module per resource. They describe the API and check what comes in."""
