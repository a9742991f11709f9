"""The commands of `flowstudio`, one module per subject. Heavy parts are imported when a command runs, not before."""
