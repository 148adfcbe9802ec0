"""The text of an IDL as a tree, and every mistake that a text may hold."""
