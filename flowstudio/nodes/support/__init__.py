"""What supports other nodes or the people who read a workflow."""
