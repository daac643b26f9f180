"""Measuring faces in pictures: the port, the process that holds the models, and the geometry of what they find."""
