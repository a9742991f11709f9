"""What runs on the far side of the wall: the zygote, its children, and the lock that they close behind themselves.

These modules are started with `python -I -S` and an empty environment; they import the standard library and each other only.
"""
