"""Says what a change of a pipeline means for people: a module for each subject, and one that puts them in order."""
