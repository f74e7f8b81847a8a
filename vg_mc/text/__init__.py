"""What the words of an expression say without a picture: subject, names, place, overlap."""
