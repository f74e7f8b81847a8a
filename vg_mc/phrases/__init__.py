"""What the words of an expression say without a picture: its subject, its names, its place."""
