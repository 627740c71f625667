"""What the verbs of the command line do, each from a study or a model file."""
